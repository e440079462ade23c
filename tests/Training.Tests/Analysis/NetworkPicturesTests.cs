using System.Diagnostics;
using Atelier.Core;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Interop;
using Atelier.Training.Tests.Data;
using Atelier.Training.Tests.Step;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Analysis;

public sealed class NetworkPicturesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LoadedGenerator _network;
    private readonly NetworkPictures _pictures;

    public NetworkPicturesTests()
    {
        using var state = SmallModel.State(SmallModel.Config());
        _network = NetworkFile.Use(state, CPU);
        _pictures = new NetworkPictures(_network.Network);
    }

    public void Dispose()
    {
        _network.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Mix_AllStyles_IsTheColumnsPicture()
    {
        var all = _pictures.Mix([0, 1], [2, 3, 4], [0, 1, 2, 3, 4, 5], null, 1);
        var none = _pictures.Mix([0, 1], [2, 3, 4], [], null, 1);
        var some = _pictures.Mix([0, 1], [2, 3, 4], [0, 1], null, 1);

        Assert.Equal(new ImageSize(64, 48), all.Size);
        for (int row = 1; row <= 2; row++)
        {
            for (int column = 1; column <= 3; column++)
            {
                RequireNear(Cell(all, row, column), Cell(all, 0, column));
                RequireNear(Cell(none, row, column), Cell(none, row, 0));
                Assert.NotEqual(Cell(some, row, column), Cell(some, row, 0));
                Assert.NotEqual(Cell(some, row, column), Cell(some, 0, column));
            }
        }
    }

    [Fact]
    public void Mix_StyleThatDoesNotExist_SaysWhichDo() =>
        Assert.Contains("styles 0 to 5", Assert.Throws<UserErrorException>(() => _pictures.Mix([0], [1], [6], null, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Truncations_OfOne_AreThePictures()
    {
        var table = _pictures.Truncations([5, 6], [1, 0.5, 0], null, null, PictureNoise.Const);

        Assert.Equal(new ImageSize(48, 32), table.Size);
        RequireNear(Cell(table, 0, 0), _pictures.Draw(_pictures.Styles(_pictures.Latents([5]), null)).Single().Planes);
        RequireNear(Cell(table, 0, 2), Cell(table, 1, 2));
        Assert.NotEqual(Cell(table, 0, 0), Cell(table, 0, 1));
    }

    [Fact]
    public void ThroughStyles_AtTheKeys_IsTheKeys()
    {
        var keys = _pictures.Styles(_pictures.Latents([0, 1, 2]), null);
        var path = LatentPath.ThroughStyles(keys, 12);

        Assert.Equal([12, 6, 16], path.shape);
        for (int key = 0; key < 3; key++)
            Assert.True(path[4 * key].allclose(keys[key], 1e-5, 1e-5));
        // It passes the keys without a jump of speed, around the end too.
        var speed = path - path.roll([1L], [0L]);
        var turn = (speed - speed.roll([1L], [0L])).norm().item<float>();
        Assert.True(turn < 1.5 * speed.norm().item<float>());
    }

    [Fact]
    public void Walk_EveryFrame_IsADrawAndTheLastLeadsToTheFirst()
    {
        var walk = LatentPath.Walk(3, 512, 100);
        var steps = (walk - walk.roll([1L], [0L])).norm(1, false, 2).data<float>().ToArray();

        Assert.All(walk.Squared().mean([1L]).data<float>().ToArray(), variance => Assert.InRange(variance, 0.7f, 1.3f));
        Assert.True(steps.Max() < 2 * steps.Min(), $"steps of {steps.Min()} to {steps.Max()}");
        Assert.True(walk.allclose(LatentPath.Walk(3, 512, 100), 0, 0));
        Assert.False(walk.allclose(LatentPath.Walk(4, 512, 100)));
    }

    [Fact]
    public void Paths_OfOneFrame_AreRefused()
    {
        Assert.Contains("video of 1 frame", Assert.Throws<UserErrorException>(() => LatentPath.Walk(0, 8, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("two seeds", Assert.Throws<UserErrorException>(() => LatentPath.ThroughStyles(zeros(1, 2, 3), 5)).Message, StringComparison.Ordinal);
        Assert.Contains("1 frame", Assert.Throws<UserErrorException>(() => VideoWriter.Write(Path.Combine(_folder.Path, "v.webp"), [RgbImage.Filled(8, 8, RgbColor.White)], 10, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Write_WebP_IsReadAsThatAnimation()
    {
        var frames = new[] { 20, 120, 220 }.Select(level => RgbImage.Filled(30, 17, new RgbColor((byte)level, 60, 200))).ToList();
        var path = VideoWriter.Write(Path.Combine(_folder.Path, "v.webp"), frames, 30, TestContext.Current.CancellationToken);

        using var codec = SKCodec.Create(path);
        Assert.Equal((30, 17, 3), (codec.Info.Width, codec.Info.Height, codec.FrameCount));
        // Three frames at 30 a second are 100 ms.
        Assert.Equal([33, 33, 34], codec.FrameInfo.Select(frame => frame.Duration));
        for (int i = 0; i < frames.Count; i++)
        {
            using var bitmap = new SKBitmap(new SKImageInfo(30, 17, SKColorType.Rgba8888));
            Assert.Equal(SKCodecResult.Success, codec.GetPixels(bitmap.Info, bitmap.GetPixels(), new SKCodecOptions(i)));
            Assert.InRange(bitmap.GetPixel(15, 8).Red - frames[i].At(0, 0).Red, -4, 4);
        }
    }

    [Fact]
    public void Write_Mp4_ByFfmpegOrElseWebP()
    {
        var frames = Enumerable.Range(0, 4).Select(i => RgbImage.Filled(30, 17, new RgbColor((byte)(60 * i), 0, 0)));
        var path = VideoWriter.Write(Path.Combine(_folder.Path, "v.mp4"), frames, 10, TestContext.Current.CancellationToken);

        Assert.Equal(VideoWriter.HasFfmpeg() ? ".mp4" : ".webp", Path.GetExtension(path));
        Assert.True(new FileInfo(path).Length > 100);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Write_Mp4_HasTheFramesAtTheirRate()
    {
        Assert.SkipUnless(VideoWriter.HasFfmpeg(), "ffmpeg is not installed");
        var frames = Enumerable.Range(0, 4).Select(i => RgbImage.Filled(30, 17, new RgbColor((byte)(60 * i), 0, 0))).ToList();
        var path = VideoWriter.Write(Path.Combine(_folder.Path, "v.mp4"), frames, 10, TestContext.Current.CancellationToken);

        using var read = Process.Start(new ProcessStartInfo("ffmpeg", ["-loglevel", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]) { RedirectStandardOutput = true })!;
        using var pixels = new MemoryStream();
        read.StandardOutput.BaseStream.CopyTo(pixels);
        read.WaitForExit();
        // The lower side is even.
        Assert.Equal(4 * 30 * 18 * 3, pixels.Length);
        for (int i = 0; i < frames.Count; i++)
            Assert.InRange(pixels.ToArray()[(i * 30 * 18 * 3) + (3 * ((8 * 30) + 15))] - frames[i].At(0, 0).Red, -6, 6);
        using var probe = Process.Start(new ProcessStartInfo("ffprobe", ["-loglevel", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        Assert.Equal("10/1", probe.StandardOutput.ReadToEnd().Trim());
    }

    private static byte[] Cell(RgbImage table, int row, int column) =>
        [.. from c in Enumerable.Range(0, 3) from y in Enumerable.Range(16 * row, 16) from x in Enumerable.Range(16 * column, 16) select table.Planes[(((c * table.Height) + y) * table.Width) + x]];

    // A batch of another size may round otherwise.
    private static void RequireNear(byte[] one, byte[] other) => Assert.All(one.Zip(other), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
}
