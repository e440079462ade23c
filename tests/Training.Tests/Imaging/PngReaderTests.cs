using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

/// <summary>The managed reader gives libvips' bytes, or leaves a file to it.</summary>
public class PngReaderTests
{
    private static readonly RgbColor Background = new(10, 200, 99);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(4, 2)]
    [InlineData(6, 4)]
    public void TryDecode_EveryFilterAndKind_GivesTheBytesOfLibvips(int kind, int channels)
    {
        var random = new Random(kind);
        foreach (var (width, height) in new[] { (1, 1), (3, 7), (40, 33) })
        {
            var lines = new byte[height * (1 + (width * channels))];
            random.NextBytes(lines);
            for (var y = 0; y < height; y++)
                lines[y * (1 + (width * channels))] = (byte)((y + 4) % 5);
            var file = PngWriter.WithLines((PngWriter.Kind)kind, width, height, lines);

            var image = PngReader.TryDecode(file, Background, null);

            Assert.NotNull(image);
            Assert.Equal(ImageCodec.DecodeByLibrary(file, Background, null).Planes, image.Planes);
        }
    }

    [Fact]
    public void TryDecode_EveryAlpha_IsLaidAsByLibvips()
    {
        var rows = Enumerable.Range(0, 256 * 16).SelectMany(i => new[] { (byte)(i * 7), (byte)(i / 256 * 17), (byte)(255 - (i % 256)), (byte)i }).ToArray();
        var file = PngWriter.Write(PngWriter.Kind.Rgba, 8, 256, 16, rows);

        Assert.Equal(ImageCodec.DecodeByLibrary(file, Background, null).Planes, PngReader.TryDecode(file, Background, null)!.Planes);
    }

    [Fact]
    public void TryDecode_AnotherSizeThanExpected_IsLeftToLibvips()
    {
        var file = TestImages.Png(8, 8);

        Assert.NotNull(PngReader.TryDecode(file, Background, ImageSize.Square(8)));
        Assert.Null(PngReader.TryDecode(file, Background, ImageSize.Square(4)));
    }

    [Fact]
    public void TryDecode_OtherKindsOfPng_AreLeftToLibvips()
    {
        Assert.Null(PngReader.TryDecode(PngWriter.Write(PngWriter.Kind.Rgb, 16, 2, 2, new byte[24]), Background, null));
        Assert.Null(PngReader.TryDecode(PngWriter.Write(PngWriter.Kind.Palette, 8, 2, 2, new byte[4], palette: [1, 2, 3]), Background, null));
        Assert.Null(PngReader.TryDecode(PngWriter.Write(PngWriter.Kind.Rgb, 8, 2, 2, new byte[12], transparency: [0, 0, 0, 0, 0, 0]), Background, null));
    }

    [Fact]
    public void TryDecode_AnyByteFlipped_NeverGivesOtherPixels()
    {
        var whole = TestImages.Png(9, 6);
        var pixels = PngReader.TryDecode(whole, Background, null)!.Planes;
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 0x10;
            // The checksum of IEND guards nothing that matters; every other byte does.
            if (PngReader.TryDecode(damaged, Background, null) is { } image)
                Assert.Equal(pixels, image.Planes);
        }
    }

    [Fact]
    public void TryDecode_CutShortAnywhere_IsLeftToLibvips()
    {
        var whole = TestImages.Png(9, 6);
        for (var length = 0; length < whole.Length; length++)
            Assert.Null(PngReader.TryDecode(whole.AsSpan(0, length), Background, null));
    }
}
