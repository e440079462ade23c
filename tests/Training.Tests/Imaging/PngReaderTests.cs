using Atelier.Training.Imaging;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;
using Sharp = SixLabors.ImageSharp.Image;

namespace Atelier.Training.Tests.Imaging;

/// <summary>The reader gives ImageSharp's pixels, or says what is wrong with a file.</summary>
public class PngReaderTests
{
    private static readonly RgbColor Background = new(10, 200, 99);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(4, 2)]
    [InlineData(6, 4)]
    public void TryDecode_EveryFilterAndKind_GivesThePixelsOfImageSharp(int kind, int channels)
    {
        var random = new Random(kind);
        foreach (var (width, height) in new[] { (1, 1), (3, 7), (40, 33) })
        {
            var lines = new byte[height * (1 + (width * channels))];
            random.NextBytes(lines);
            for (var y = 0; y < height; y++)
                lines[y * (1 + (width * channels))] = (byte)((y + 4) % 5);
            var file = PngWriter.WithLines((PngWriter.Kind)kind, width, height, lines);

            var image = PngReader.Open(file).TryDecode(Background);

            Assert.NotNull(image);
            using var expected = Sharp.Load<Rgba32>(file);
            for (var i = 0; i < width * height; i++)
            {
                var pixel = expected[i % width, i / width];
                Assert.Equal(new RgbColor(pixel.R, pixel.G, pixel.B).Over(Background, pixel.A), image.At(i % width, i / width));
            }
        }
    }

    [Theory]
    [InlineData(0, 200, 10)]
    [InlineData(255, 200, 200)]
    [InlineData(128, 200, 105)] // (200·128 + 10·127) / 255 = 105.4
    [InlineData(1, 255, 10)] // 10.96, rounded down
    public void Over_Alpha_MixesRoundedDown(byte alpha, byte over, byte expected) =>
        Assert.Equal(expected, new RgbColor(over, 0, 0).Over(Background, alpha).Red);

    [Fact]
    public void TryDecode_OtherKinds_AreLeftToImageSharp()
    {
        Assert.Null(PngReader.Open(PngWriter.Write(PngWriter.Kind.Rgb, 16, 2, 2, new byte[24])).TryDecode(Background));
        Assert.Null(PngReader.Open(PngWriter.Write(PngWriter.Kind.Palette, 8, 2, 2, new byte[4], palette: [1, 2, 3])).TryDecode(Background));
        Assert.Null(PngReader.Open(PngWriter.Write(PngWriter.Kind.Rgb, 8, 2, 2, new byte[12], transparency: [0, 0, 0, 0, 0, 0])).TryDecode(Background));
        Assert.Null(PngReader.Open(Interlaced(9, 6)).TryDecode(Background));
    }

    [Fact]
    public void Open_AnyByteFlipped_IsRefusedOrGivesTheSamePixels()
    {
        var whole = TestImages.Png(9, 6);
        var pixels = ImageCodec.Decode(whole, Background).Planes;
        var refused = 0;
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 0x10;
            try
            {
                Assert.Equal(pixels, ImageCodec.Decode(damaged, Background).Planes);
            }
            catch (ImageFormatException)
            {
                refused++;
            }
        }

        Assert.Equal(whole.Length, refused);
    }

    public static TheoryData<string> Kinds => ["plain", "interlaced", "palette", "16 bits", "two chunks"];

    // Fails without the check of chunks: ImageSharp leaves rows that are missing black.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_CutShortAnywhere_IsRefused(string kind)
    {
        var whole = Of(kind);
        ImageCodec.Decode(whole, Background);

        for (var length = 8; length < whole.Length; length++)
        {
            var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(whole[..length], Background));
            Assert.Contains("PNG", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Decode_FewerRowsThanTheHeaderStates_IsRefused(int bits)
    {
        // Four rows of pixels under a header of five: chunks and checksums are in order.
        var file = PngWriter.WithHeight(PngWriter.Write(PngWriter.Kind.Rgb, bits, 2, 4, new byte[4 * 2 * 3 * bits / 8]), 5);

        Assert.Contains("truncated PNG: it has", Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(file, Background)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_DamagedTextChunk_IsNoReasonToLoseTheImage()
    {
        var file = TestImages.Png(9, 6);
        byte[] text = [0, 0, 0, 3, .. "tEXt"u8, .. "a\0b"u8, 1, 2, 3, 4];

        Assert.Equal(ImageCodec.Decode(file, Background).Planes, ImageCodec.Decode([.. file[..33], .. text, .. file[33..]], Background).Planes);
    }

    [Fact]
    public void SizeOf_OtherBytes_IsNull()
    {
        Assert.Equal(new ImageSize(9, 6), PngReader.SizeOf(TestImages.Png(9, 6)));
        Assert.Null(PngReader.SizeOf("not a picture at all, but long enough"u8));
    }

    private static byte[] Of(string kind) => kind switch
    {
        "plain" => TestImages.Png(9, 6),
        "interlaced" => Interlaced(9, 6),
        "palette" => PngWriter.Write(PngWriter.Kind.Palette, 8, 2, 2, new byte[4], palette: [1, 2, 3]),
        "16 bits" => PngWriter.Write(PngWriter.Kind.Rgb, 16, 2, 2, new byte[24]),
        "two chunks" => PngWriter.InTwoChunks(TestImages.Png(9, 6)),
        _ => throw new InvalidOperationException(kind),
    };

    private static byte[] Interlaced(int width, int height)
    {
        using var image = Sharp.Load<Rgb24>(TestImages.Png(width, height));
        using var file = new MemoryStream();
        image.Save(file, new PngEncoder { InterlaceMethod = PngInterlaceMode.Adam7, ColorType = PngColorType.Rgb });
        return file.ToArray();
    }
}
