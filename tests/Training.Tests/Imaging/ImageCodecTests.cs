using System.Buffers.Binary;
using Atelier.Training.Imaging;
using static Atelier.Training.Tests.Imaging.PngWriter;

namespace Atelier.Training.Tests.Imaging;

public class ImageCodecTests
{
    private static readonly RgbColor Pink = new(250, 100, 150);

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.WebP)]
    public void Decode_Lossless_GivesWhatWasEncoded(ImageFormat format)
    {
        var image = TestImages.Coordinates(13, 7, 200);

        var decoded = ImageCodec.Decode(ImageCodec.Encode(image, format, quality: 100), RgbColor.White);

        Assert.Equal(new ImageSize(13, 7), decoded.Size);
        Assert.Equal(image.Planes, decoded.Planes);
    }

    [Theory]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.WebP)]
    public void Decode_Lossy_StaysClose(ImageFormat format)
    {
        var decoded = ImageCodec.Decode(ImageCodec.Encode(RgbImage.Filled(16, 16, Pink), format, quality: 95), RgbColor.White);

        Assert.InRange(decoded.At(8, 8).Red, 247, 253);
        Assert.InRange(decoded.At(8, 8).Green, 97, 103);
        Assert.InRange(decoded.At(8, 8).Blue, 147, 153);
    }

    [Fact]
    public void Decode_Grey_RepeatsTheChannel()
    {
        var png = Write(Kind.Grey, 8, 3, 1, [0, 100, 255]);

        Assert.Equal<byte>([0, 100, 255, 0, 100, 255, 0, 100, 255], ImageCodec.Decode(png, RgbColor.White).Planes);
    }

    [Fact]
    public void Decode_OneBitGrey_BecomesBlackAndWhite()
    {
        var png = Write(Kind.Grey, 1, 2, 1, [0b0100_0000]);

        Assert.Equal<byte>([0, 255, 0, 255, 0, 255], ImageCodec.Decode(png, RgbColor.White).Planes);
    }

    [Fact]
    public void Decode_Rgba_LiesOnTheBackground()
    {
        var png = Write(Kind.Rgba, 8, 3, 1, [10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128]);

        var image = ImageCodec.Decode(png, Pink);

        Assert.Equal(new RgbColor(10, 20, 30), image.At(0, 0));
        Assert.Equal(Pink, image.At(1, 0));
        Assert.InRange(image.At(2, 0).Red, 123, 126);
    }

    [Fact]
    public void Decode_GreyAlpha_LiesOnTheBackground()
    {
        var png = Write(Kind.GreyAlpha, 8, 2, 1, [90, 255, 90, 0]);

        var image = ImageCodec.Decode(png, Pink);

        Assert.Equal(new RgbColor(90, 90, 90), image.At(0, 0));
        Assert.Equal(Pink, image.At(1, 0));
    }

    [Fact]
    public void Decode_SixteenBits_KeepsTheHighByte()
    {
        byte[] grey = [0x00, 0x00, 0x80, 0x01, 0xFF, 0xFF];
        byte[] rgba = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0];

        Assert.Equal<byte>([0, 0x80, 255], ImageCodec.Decode(Write(Kind.Grey, 16, 3, 1, grey), RgbColor.White).Planes[..3]);
        var image = ImageCodec.Decode(Write(Kind.Rgba, 16, 2, 1, rgba), Pink);
        Assert.Equal(new RgbColor(0x12, 0x56, 0x9A), image.At(0, 0));
        Assert.Equal(Pink, image.At(1, 0));
    }

    [Fact]
    public void Decode_Palette_LooksColoursUpAndHonoursTransparency()
    {
        var png = Write(Kind.Palette, 8, 2, 1, [0, 1], palette: [1, 2, 3, 200, 100, 50], transparency: [0, 255]);

        var image = ImageCodec.Decode(png, Pink);

        Assert.Equal(Pink, image.At(0, 0));
        Assert.Equal(new RgbColor(200, 100, 50), image.At(1, 0));
    }

    [Fact]
    public void Decode_ExifOrientation_TurnsThePicture()
    {
        // Left half red, right half blue; orientation 6 says that the top of the scene is the right side of the file.
        var image = RgbImage.Filled(32, 16, new RgbColor(255, 0, 0));
        image.Paste(RgbImage.Filled(16, 16, new RgbColor(0, 0, 255)).Planes, ImageSize.Square(16), 16, 0);

        var decoded = ImageCodec.Decode(WithOrientation(ImageCodec.Encode(image, ImageFormat.Jpeg, 95), 6), RgbColor.White);

        Assert.Equal(new ImageSize(16, 32), decoded.Size);
        Assert.True(decoded.At(8, 4).Red > 240, "the top is the red half");
        Assert.True(decoded.At(8, 28).Blue > 240, "the bottom is the blue half");
    }

    [Fact]
    public void Decode_CmykJpeg_BecomesRgb()
    {
        var image = ImageCodec.Decode(JpegSamples.Cyan, RgbColor.White);

        Assert.Equal(ImageSize.Square(16), image.Size);
        var colour = image.At(8, 8);
        Assert.True(colour.Red < 100 && colour.Green > 100 && colour.Blue > 150, $"{colour} is no cyan");
    }

    [Fact]
    public void Decode_EmbeddedProfile_IsConvertedToSrgb()
    {
        var colour = ImageCodec.Decode(JpegSamples.DisplayP3, RgbColor.White).At(8, 8);

        Assert.InRange(colour.Red, 216, 224);
        Assert.InRange(colour.Green, 34, 46);
        Assert.InRange(colour.Blue, 24, 36);
    }

    [Fact]
    public void Decode_Fit_CropsAtTheCentre()
    {
        // 12x4 to 4x4 is all crop: columns 4 to 7 remain, untouched.
        var image = ImageCodec.Decode(TestImages.Png(12, 4), RgbColor.White, ImageSize.Square(4));

        Assert.Equal(ImageSize.Square(4), image.Size);
        Assert.Equal(new RgbColor(4, 0, 0), image.At(0, 0));
        Assert.Equal(new RgbColor(7, 3, 0), image.At(3, 3));
    }

    [Theory]
    [InlineData(37, 53, 16, 16)]
    [InlineData(100, 20, 16, 32)]
    [InlineData(3, 3, 64, 48)]
    [InlineData(1, 500, 32, 32)]
    [InlineData(1000, 999, 4, 4)]
    public void Decode_Fit_GivesExactlyTheSize(int width, int height, int toWidth, int toHeight)
    {
        var png = ImageCodec.EncodePng(RgbImage.Filled(width, height, Pink));

        var image = ImageCodec.Decode(png, RgbColor.White, new ImageSize(toWidth, toHeight));

        Assert.Equal(new ImageSize(toWidth, toHeight), image.Size);
        Assert.All(Enumerable.Range(0, toWidth), x => Assert.Equal(Pink, image.At(x, toHeight / 2)));
    }

    [Fact]
    public void Decode_Downsizing_AveragesInsteadOfPicking()
    {
        // Columns alternate black and white: a picked pixel would be one of them, an averaged one is grey.
        var image = RgbImage.Filled(64, 64, RgbColor.Black);
        for (var i = 0; i < image.Planes.Length; i += 2)
            image.Planes[i] = 255;

        var small = ImageCodec.Decode(ImageCodec.EncodePng(image), RgbColor.White, ImageSize.Square(8));

        Assert.All(small.Planes, v => Assert.InRange(v, 110, 145));
    }

    [Theory]
    [InlineData(50, 40, 16, 12)]
    [InlineData(9, 7, 32, 24)]
    public void Decode_Fit_TreatsLeftAndRightAlike(int width, int height, int toWidth, int toHeight)
    {
        var image = Noise(width, height);
        var mirrored = new RgbImage(width, height, [.. image.Planes.Chunk(width).SelectMany(row => row.Reverse())]);

        var one = ImageCodec.Decode(ImageCodec.EncodePng(image), RgbColor.White, new ImageSize(toWidth, toHeight));
        var other = ImageCodec.Decode(ImageCodec.EncodePng(mirrored), RgbColor.White, new ImageSize(toWidth, toHeight));

        var back = other.Planes.Chunk(toWidth).SelectMany(row => row.Reverse()).ToArray();
        Assert.All(one.Planes.Zip(back), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Fact]
    public void Decode_Halving_IsTheLanczosSum()
    {
        // One bright column at x = 8 of 16, halved: output column i is centred between source columns 2i and 2i + 1, so the
        // weight of column 8 is L(d/2) / sum with d = 8.5 - (2i + 1), L(x) = sinc(x) sinc(x/3).
        var image = RgbImage.Filled(16, 16, RgbColor.Black);
        image.Paste(RgbImage.Filled(1, 16, RgbColor.White).Planes, new ImageSize(1, 16), 8, 0);
        static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
        static double Weight(double d) => Math.Abs(d) < 6 ? Sinc(d / 2) * Sinc(d / 6) : 0;

        var half = ImageCodec.Decode(ImageCodec.EncodePng(image), RgbColor.White, ImageSize.Square(8));

        for (var i = 0; i < 8; i++)
        {
            var sum = Enumerable.Range(0, 16).Sum(j => Weight(j + 0.5 - ((2 * i) + 1)));
            var expected = Math.Clamp(255 * Weight(8.5 - ((2 * i) + 1)) / sum, 0, 255);
            Assert.InRange(half.At(i, 4).Red, expected - 1, expected + 1);
        }
    }

    [Fact]
    public void Decode_NotAnImage_SaysWhatIsRead()
    {
        var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode("GIF89a, say"u8, RgbColor.White));

        Assert.Equal("not a PNG, JPEG or WebP file", error.Message);
        Assert.Contains("empty", Assert.Throws<ImageFormatException>(() => ImageCodec.Decode([], RgbColor.White)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.WebP)]
    public void Decode_CutShort_IsRefusedInOneLine(ImageFormat format)
    {
        var whole = ImageCodec.Encode(Noise(64, 64), format);

        var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(whole.AsSpan(0, whole.Length / 2), RgbColor.White));

        Assert.NotEmpty(error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Decode_FlippedBitInPng_IsRefused()
    {
        var png = ImageCodec.EncodePng(Noise(64, 64));
        png[png.Length / 2] ^= 0x10;

        Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(png, RgbColor.White));
    }

    [Fact]
    public void Decode_ManyThreadsWithFailures_KeepsReasonsApart()
    {
        var good = TestImages.Png(16, 16, 7);
        var jpeg = ImageCodec.Encode(Noise(64, 64), ImageFormat.Jpeg);
        var cutPng = ImageCodec.EncodePng(Noise(64, 64))[..2000];
        var cutJpeg = jpeg[..(jpeg.Length / 2)];

        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            switch (i % 3)
            {
                case 0:
                    Assert.Equal(7, ImageCodec.Decode(good, RgbColor.White).At(3, 3).Blue);
                    break;
                case 1:
                    var png = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(cutPng, RgbColor.White)).Message;
                    Assert.Contains("png", png, StringComparison.OrdinalIgnoreCase);
                    Assert.DoesNotContain("jpeg", png, StringComparison.OrdinalIgnoreCase);
                    break;
                default:
                    var jpg = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(cutJpeg, RgbColor.White)).Message;
                    Assert.Contains("jpeg", jpg, StringComparison.OrdinalIgnoreCase);
                    Assert.DoesNotContain("png", jpg, StringComparison.OrdinalIgnoreCase);
                    break;
            }
        });
    }

    private static RgbImage Noise(int width, int height)
    {
        var planes = new byte[3 * width * height];
        new Random(1).NextBytes(planes);
        return new RgbImage(width, height, planes);
    }

    // An APP1 segment with the one EXIF tag after the JPEG's start marker (EXIF 2.3, 4.6.4: tag 0x0112).
    private static byte[] WithOrientation(byte[] jpeg, ushort orientation)
    {
        byte[] exif =
        [
            .. "Exif\0\0"u8, .. "MM\0*"u8, 0, 0, 0, 8, // big endian, first directory at 8
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, // one entry: a short
            0, 0, 0, 0,
        ];
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(exif.Length + 2));
        return [.. jpeg.AsSpan(0, 2), 0xFF, 0xE1, .. length, .. exif, .. jpeg.AsSpan(2)];
    }
}
