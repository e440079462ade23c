using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Data;
using static Atelier.Training.Tests.Imaging.PngWriter;

namespace Atelier.Training.Tests.Imaging;

public class ImageCodecTests
{
    private static readonly RgbColor Pink = new(250, 100, 150);

    [Theory]
    [InlineData("png")]
    [InlineData("png, stored")]
    [InlineData("webp")]
    [InlineData("bmp")]
    [InlineData("tiff")]
    [InlineData("tiff, packed")]
    public void Decode_Lossless_GivesWhatWasEncoded(string format)
    {
        var image = TestImages.Coordinates(13, 7, 200);

        var decoded = ImageCodec.Decode(ImageFiles.Encode(image, format), RgbColor.White);

        Assert.Equal(new ImageSize(13, 7), decoded.Size);
        Assert.Equal(image.Planes, decoded.Planes);
        Assert.Equal(3, ImageCodec.ChannelsOf(ImageFiles.Encode(image, format)));
    }

    [Fact]
    public void EncodeStoredPng_MoreThanOneBlock_IsReadAsItWas()
    {
        var image = TestImages.Coordinates(300, 217, 77);

        Assert.Equal(image.Planes, ImageCodec.Decode(ImageCodec.EncodeStoredPng(image.Planes, image.Size), RgbColor.White).Planes);
    }

    [Fact]
    public void EncodeStoredPng_Grey_HasThreeEqualPlanes()
    {
        var grey = Enumerable.Range(0, 12).Select(i => (byte)(20 * i)).ToArray();

        var file = ImageCodec.EncodeStoredPng(grey, new ImageSize(4, 3));

        Assert.Equal([.. grey, .. grey, .. grey], ImageCodec.Decode(file, RgbColor.White).Planes);
        Assert.Equal(1, ImageCodec.ChannelsOf(file));
        Assert.Throws<ArgumentException>(() => ImageCodec.EncodeStoredPng(new byte[8], new ImageSize(2, 2)));
    }

    [Theory]
    [InlineData("jpeg")]
    [InlineData("webp, lossy")]
    [InlineData("gif")]
    public void Decode_Lossy_StaysClose(string format)
    {
        var decoded = ImageCodec.Decode(ImageFiles.Encode(RgbImage.Filled(16, 16, Pink), format), RgbColor.White);

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
    public void Decode_SixteenBits_RoundsToEight()
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

    // Orientation 6 says that the top of the scene is the right side of the file, 3 that it is upside down.
    [Theory]
    [InlineData("jpeg", 6)]
    [InlineData("jpeg", 3)]
    [InlineData("png", 6)]
    [InlineData("webp", 6)]
    [InlineData("tiff", 6)]
    public void Decode_ExifOrientation_TurnsThePicture(string format, ushort orientation)
    {
        // Left half red, right half blue.
        var image = RgbImage.Filled(32, 16, new RgbColor(255, 0, 0));
        image.Paste(RgbImage.Filled(16, 16, new RgbColor(0, 0, 255)).Planes, ImageSize.Square(16), 16, 0);

        var decoded = ImageCodec.Decode(ImageFiles.Encode(image, format, orientation), RgbColor.White);

        Assert.Equal(orientation == 6 ? new ImageSize(16, 32) : new ImageSize(32, 16), decoded.Size);
        var (first, last) = orientation == 6 ? (decoded.At(8, 4), decoded.At(8, 28)) : (decoded.At(28, 8), decoded.At(4, 8));
        Assert.True(first.Red > 240, "the top is the red half");
        Assert.True(last.Blue > 240, "the bottom is the blue half");
    }

    [Fact]
    public void Decode_MislabelledFile_IsToldByItsContent()
    {
        var source = new MemoryImageSource("test", [KeyValuePair.Create("really-a-jpeg.png", ImageCodec.Encode(RgbImage.Filled(16, 16, Pink), ImageFormat.Jpeg, 95))]);

        using var dataset = TestSource.Open(source);

        var pixels = new byte[dataset.ImageBytes];
        dataset.CopyPixels(0, mirror: false, pixels);
        Assert.InRange(pixels[0], 247, 253);
    }

    [Fact]
    public void Decode_AnimatedGif_GivesTheFirstFrame()
    {
        var file = ImageFiles.AnimatedGif(RgbImage.Filled(8, 8, new RgbColor(255, 0, 0)), RgbImage.Filled(8, 8, new RgbColor(0, 0, 255)));

        Assert.Equal(new RgbColor(255, 0, 0), ImageCodec.Decode(file, RgbColor.White).At(3, 3));
    }

    [Fact]
    public void Decode_TransparentGif_LiesOnTheBackground() =>
        Assert.Equal(Pink, ImageCodec.Decode(ImageFiles.TransparentGif(), Pink).At(3, 3));

    [Fact]
    public void Decode_AnimatedWebP_SaysWhatToDo()
    {
        // The header of an extended file with the flag of animation.
        byte[] file = [.. "RIFF"u8, 22, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 0x02, 0, 0, 0, 7, 0, 0, 7, 0, 0];

        var error = TestSource.Refused(new MemoryImageSource("set", [KeyValuePair.Create("cat.webp", file)]), DatasetProblem.BadImage);

        Assert.Contains("cat.webp", error.Message, StringComparison.Ordinal);
        Assert.Contains("animated WebP", error.Message, StringComparison.Ordinal);
        Assert.Contains("webpmux -get frame 1", error.Message, StringComparison.Ordinal);
    }

    // Headers that state 60000x60000 pixels, with next to nothing behind them.
    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("bmp")]
    [InlineData("gif")]
    [InlineData("tiff")]
    public void Decode_ImageBomb_IsRefusedBeforePixelsAreRead(string format)
    {
        var file = ImageFiles.WithSize(ImageFiles.Encode(RgbImage.Filled(16, 16, Pink), format), format, 60000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(file, RgbColor.White));

        Assert.Contains("60000x60000 pixels are 3,600 megapixels, but the limit is 64 (raise max-megapixels", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    [Fact]
    public void Decode_MostPixels_IsTheLimit()
    {
        var file = TestImages.Png(20, 10);

        Assert.Equal(new ImageSize(20, 10), ImageCodec.Decode(file, RgbColor.White, mostPixels: 200).Size);
        Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(file, RgbColor.White, mostPixels: 199));
    }

    [Fact]
    public void Decode_CmykJpeg_BecomesRgb()
    {
        var image = ImageCodec.Decode(JpegSamples.Cyan, RgbColor.White);

        Assert.Equal(ImageSize.Square(16), image.Size);
        var colour = image.At(8, 8);
        Assert.True(colour.Red < 100 && colour.Green > 100 && colour.Blue > 150, $"{colour} is no cyan");
    }

    // As the published dataset tools do; ImageSharp 2 cannot apply them (docs/decisions/0010-imagesharp.md).
    [Fact]
    public void Decode_EmbeddedProfile_KeepsTheStoredValues()
    {
        var colour = ImageCodec.Decode(JpegSamples.DisplayP3, RgbColor.White).At(8, 8);

        Assert.InRange(colour.Red, 199, 205);
        Assert.InRange(colour.Green, 56, 62);
        Assert.InRange(colour.Blue, 41, 47);
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
        var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode("GIF8, say"u8.ToArray(), RgbColor.White));

        Assert.Equal("not a PNG, JPEG, WebP, BMP, TIFF or GIF file", error.Message);
        Assert.Contains("empty", Assert.Throws<ImageFormatException>(() => ImageCodec.Decode([], RgbColor.White)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    [InlineData("webp, lossy")]
    [InlineData("bmp")]
    [InlineData("tiff")]
    [InlineData("tiff, packed")]
    [InlineData("gif")]
    public void Decode_CutShort_IsRefusedInOneLine(string format)
    {
        var whole = ImageFiles.Encode(Noise(64, 64), format);
        ImageCodec.Decode(whole, RgbColor.White);

        foreach (var share in new[] { 0.05, 0.2, 0.5, 0.8, 0.95 })
        {
            var error = Assert.Throws<ImageFormatException>(() => ImageCodec.Decode(whole[..(int)(whole.Length * share)], RgbColor.White));
            Assert.NotEmpty(error.Message);
            Assert.DoesNotContain('\n', error.Message);
        }
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
}
