using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Tables and videos of a network, and published networks, from the command line.</summary>
public sealed class PicturesTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mix_RowsAndColumns_ATableOfThem()
    {
        AtelierProcess.Run("mix", "--network", finished.Path, "--rows", "0-1", "--cols", "2-4", "--styles", "0", "--out", _folder["mix.png"]).Succeeded();

        Assert.Equal(Captioned(4, 3, "seed 0"), Decode("mix.png").Size);
        Complaint.IsOf(AtelierProcess.Run("mix", "--network", finished.Path, "--styles", "99", "--out", _folder["x.png"]), "style 99", "styles 0 to");
    }

    [Fact]
    public void Generate_SeveralTruncations_ATableOfThem()
    {
        AtelierProcess.Run("generate", "--network", finished.Path, "--seeds", "0-1", "--trunc", "1,0.5,0", "--out", _folder["trunc.png"]).Succeeded();

        Assert.Equal(Captioned(3, 2, "seed 0"), Decode("trunc.png").Size);
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", finished.Path, "--trunc", "1,x", "--out", _folder["x.png"]), "--trunc", "1,x");
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", finished.Path, "--trunc", "1,0", "--out", _folder["x"]), ".png");
    }

    [Fact]
    public void Video_InterpolationAndWalk_SameBytesAgain()
    {
        string[] Command(string output, params string[] more) => ["video", "--network", finished.Export, "--seeds", "0-2", "--frames", "5", "--force", "--out", _folder[output], .. more];
        foreach (var more in (string[][])[[], ["--walk"]])
        {
            AtelierProcess.Run(Command("one.webp", more)).Succeeded();
            AtelierProcess.Run(Command("two.webp", more)).Succeeded();
            Assert.Equal(File.ReadAllBytes(_folder["one.webp"]), File.ReadAllBytes(_folder["two.webp"]));
        }
        Complaint.IsOf(AtelierProcess.Run("video", "--network", finished.Export, "--frames", "1", "--out", _folder["x.webp"]), "video of 1 frame");
        Complaint.IsOf(AtelierProcess.Run("video", "--network", finished.Export, "--seeds", "7", "--out", _folder["x.webp"]), "two seeds", "--walk");
    }

    [Theory]
    [InlineData("long.webp")]
    [InlineData("long.mp4")]
    public void Video_Interrupted_LeavesNoFile(string name)
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored here");
        Assert.SkipUnless(File.Exists("/usr/bin/setsid"), "setsid (util-linux) is not installed");
        Assert.SkipUnless(name.EndsWith("webp", StringComparison.Ordinal) || VideoWriter.HasFfmpeg(), "ffmpeg is not installed");
        Directory.CreateDirectory(_folder["videos"]);
        using var process = AtelierProcess.Start(["video", "--network", finished.Export, "--frames", "50000", "--out", Path.Combine(_folder["videos"], name)], "/usr/bin/setsid", "--wait");
        Assert.True(process.SpinUntil(() => Directory.GetFiles(_folder["videos"]).Length > 0), process.Printed);
        process.SignalGroup("INT"); // ffmpeg gets it too, as from a terminal
        var result = process.WaitForExit();

        Assert.Equal(130, result.ExitCode);
        Assert.Equal(["atelier: stopped; no video was written"], result.Errors);
        Assert.Empty(Directory.GetFiles(_folder["videos"]));
    }

    [Fact]
    public void Generate_Tile_IsThatOfTheSampleGrid()
    {
        var grids = Directory.GetFiles(Path.Combine(finished.Path, "samples"), "fakes*.png").Order(StringComparer.Ordinal).ToList();
        AtelierProcess.Run("generate", "--network", finished.Path, "--seeds", "0-63", "--grid", "--out", _folder["grid.png"]).Succeeded();
        var (drawn, written) = (Decode("grid.png"), ImageCodec.Decode(File.ReadAllBytes(grids[^1]), RgbColor.White));

        Assert.Equal(written.Size, drawn.Size);
        Assert.All(drawn.Planes.Zip(written.Planes), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Fact]
    public void Stats_EveryTick_SharesOfResolutions()
    {
        foreach (var line in File.ReadLines(Path.Combine(finished.Path, "stats.jsonl")))
        {
            using var tick = System.Text.Json.JsonDocument.Parse(line);
            Assert.Equal(1, new[] { "Usage/4", "Usage/8" }.Sum(name => tick.RootElement.GetProperty(name).GetProperty("mean").GetDouble()), 1e-6);
        }
    }

    [Fact]
    public void Import_WhatIsNoNetwork_SaysSo()
    {
        File.WriteAllText(_folder["evil.pkl"], "cos\nsystem\n(S'true'\ntR.");

        Complaint.IsOf(AtelierProcess.Run("import", _folder["evil.pkl"], "--out", _folder["x.safetensors"]), "evil.pkl", "os.system", "not executed");
        Complaint.IsOf(AtelierProcess.Run("import", _folder["nowhere.pkl"], "--out", _folder["x.safetensors"]), "nowhere.pkl", "does not exist");
        Assert.False(File.Exists(_folder["x.safetensors"]));
    }

    /// <summary>A small grid enlarged to 512 pixels, with a title and captions.</summary>
    private static ImageSize Captioned(int columns, int rows, string caption)
    {
        int side = TinyRun.Side * (512 / (TinyRun.Side * Math.Max(columns, rows)));
        return new ImageSize((columns * side) + (9 * caption.Length) + 8, (rows * side) + 28);
    }

    private RgbImage Decode(string name) => ImageCodec.Decode(File.ReadAllBytes(_folder[name]), RgbColor.White);
}
