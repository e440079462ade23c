using System.Diagnostics;
using System.Text.Json;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

/// <summary>Resizing as Pillow does it.</summary>
public class ResamplerTests
{
    private const string Python = "/usr/bin/python3"; // Debian's, which has Debian's modules

    // What Pillow 9.4 makes of pixel i = (37 i² + 11 i + 13) mod 256.
    public static TheoryData<int, int, int, int, ResampleFilter, int[]> Pillow => new()
    {
        { 7, 5, 4, 3, ResampleFilter.Lanczos, [66, 137, 129, 109, 173, 140, 116, 97, 200, 120, 120, 199] },
        { 7, 5, 4, 3, ResampleFilter.Box, [88, 146, 70, 116, 153, 165, 167, 98, 196, 98, 113, 186] },
        { 5, 4, 8, 6, ResampleFilter.Lanczos, [0, 2, 60, 167, 180, 118, 129, 158, 105, 102, 111, 138, 169, 166, 102, 58, 255, 205, 106, 83, 121, 145, 98, 50, 255, 156, 0, 60, 68, 8, 148, 247, 134, 114, 92, 116, 109, 79, 114, 141, 20, 110, 214, 167, 161, 193, 64, 0] },
        { 5, 4, 8, 6, ResampleFilter.Box, [13, 13, 61, 183, 183, 123, 137, 137, 225, 225, 131, 111, 111, 165, 37, 37, 225, 225, 131, 111, 111, 165, 37, 37, 239, 239, 3, 97, 97, 9, 251, 251, 55, 55, 189, 141, 141, 167, 11, 11, 55, 55, 189, 141, 141, 167, 11, 11] },
    };

    [Theory]
    [MemberData(nameof(Pillow))]
    public void Resize_ReferenceValues_AreThoseOfPillow(int width, int height, int targetWidth, int targetHeight, ResampleFilter filter, int[] expected)
    {
        var grey = Enumerable.Range(0, width * height).Select(i => (byte)((37 * i * i) + (11 * i) + 13)).ToArray();
        var image = new RgbImage(width, height, [.. grey, .. grey, .. grey]);

        var resized = new Resampler(new ImageSize(targetWidth, targetHeight), filter).Resize(image, ImageBox.Whole(image.Size));

        for (var c = 0; c < 3; c++)
            Assert.Equal(expected, resized.Planes.AsSpan(c * expected.Length, expected.Length).ToArray().Select(b => (int)b));
    }

    [Fact]
    public void Resize_RandomPicturesAndBoxes_IsWithinALevelOfPillow()
    {
        Assert.SkipUnless(HasPillow(), $"{Python} has no Pillow: install the Debian package python3-pil");
        var random = new Random(5);
        var cases = Enumerable.Range(0, 120).Select(i => Case.Draw(random, i)).ToList();

        var expected = PillowResize(cases);

        Assert.All(cases.Zip(expected), pair =>
        {
            var (drawn, pixels) = pair;
            var resized = new Resampler(drawn.Target, drawn.Filter).Resize(drawn.Image, drawn.Box);
            var worst = Interleaved(resized).Zip(pixels, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(worst <= 1, $"{drawn.Image.Size} {drawn.Box} to {drawn.Target} by {drawn.Filter}: {worst} levels off");
        });
    }

    [Theory]
    [InlineData(ResampleFilter.Lanczos)]
    [InlineData(ResampleFilter.Box)]
    public void Resize_OneColour_StaysThatColour(ResampleFilter filter)
    {
        var image = RgbImage.Filled(37, 23, new RgbColor(0, 101, 255));

        var resized = new Resampler(new ImageSize(16, 41), filter).Resize(image, new ImageBox(3, 2, new ImageSize(30, 19)));

        Assert.Equal(RgbImage.Filled(16, 41, new RgbColor(0, 101, 255)).Planes, resized.Planes);
    }

    [Fact]
    public void Resize_BoxOfTheTargetsSize_OnlyCrops()
    {
        var image = TestImages.Coordinates(20, 10);

        var cropped = new Resampler(new ImageSize(5, 4), ResampleFilter.Lanczos).Resize(image, new ImageBox(7, 3, new ImageSize(5, 4)));

        Assert.Equal(new RgbColor(7, 3, 0), cropped.At(0, 0));
        Assert.Equal(new RgbColor(11, 6, 0), cropped.At(4, 3));
    }

    [Fact]
    public void Resize_PixelsOutsideTheBox_HaveNoInfluence()
    {
        var (image, other) = (TestImages.Coordinates(20, 20), TestImages.Coordinates(20, 20));
        other.Paste(RgbImage.Filled(20, 5, RgbColor.White).Planes, new ImageSize(20, 5), 0, 0);
        var resampler = new Resampler(ImageSize.Square(6), ResampleFilter.Lanczos);

        Assert.Equal(
            resampler.Resize(image, new ImageBox(0, 5, new ImageSize(20, 15))).Planes, resampler.Resize(other, new ImageBox(0, 5, new ImageSize(20, 15))).Planes);
    }

    [Fact]
    public void Resize_BoxOutside_Throws() => Assert.Throws<ArgumentException>(
        () => new Resampler(ImageSize.Square(4), ResampleFilter.Box).Resize(TestImages.Coordinates(8, 8), new ImageBox(4, 4, ImageSize.Square(5))));

    [Theory]
    [InlineData(7, 5, 4, 4, 1, 0, 5, 5)]
    [InlineData(5, 8, 4, 4, 0, 1, 5, 5)]
    [InlineData(100, 100, 64, 48, 0, 12, 100, 75)]
    [InlineData(512, 100, 64, 48, 189, 0, 133, 100)]
    [InlineData(9, 9, 4, 4, 0, 0, 9, 9)]
    public void Centred_OfAnAspect_IsTheLargestBoxInTheMiddle(int width, int height, int aspectWidth, int aspectHeight, int left, int top, int boxWidth, int boxHeight) =>
        Assert.Equal(
            new ImageBox(left, top, new ImageSize(boxWidth, boxHeight)), ImageBox.Centred(new ImageSize(width, height), new ImageSize(aspectWidth, aspectHeight)));

    private static bool HasPillow()
    {
        if (!File.Exists(Python))
            return false;
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import PIL.Image"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static List<byte[]> PillowResize(IEnumerable<Case> cases)
    {
        var start = new ProcessStartInfo(Python, [Path.Combine(AppContext.BaseDirectory, "Imaging", "pillow_resize.py")]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        foreach (var drawn in cases)
            process.StandardInput.WriteLine(drawn.ToJson());
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return [.. output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Convert.FromHexString(JsonDocument.Parse(line).RootElement.GetString()!))];
    }

    // [H, W, 3]
    private static byte[] Interleaved(RgbImage image) =>
        [.. Enumerable.Range(0, image.Width * image.Height).SelectMany(i => new[] { image.Planes[i], image.Planes[(image.Width * image.Height) + i], image.Planes[(2 * image.Width * image.Height) + i] })];

    private sealed record Case(RgbImage Image, ImageBox Box, ImageSize Target, ResampleFilter Filter)
    {
        public static Case Draw(Random random, int number)
        {
            var size = new ImageSize(random.Next(1, 90), random.Next(1, 90));
            var planes = new byte[size.ImageBytes];
            random.NextBytes(planes);
            // Noise, and the hardest edges there are: overshoot that must be clamped.
            if (number % 3 == 0)
                planes = Array.ConvertAll(planes, value => value < 128 ? byte.MinValue : byte.MaxValue);
            var (left, top) = (random.Next(size.Width), random.Next(size.Height));
            var box = number % 2 == 0 ? ImageBox.Whole(size) : new ImageBox(left, top, new ImageSize(random.Next(1, size.Width - left + 1), random.Next(1, size.Height - top + 1)));
            return new Case(new RgbImage(size.Width, size.Height, planes), box, new ImageSize(random.Next(1, 70), random.Next(1, 70)), number % 4 < 2 ? ResampleFilter.Lanczos : ResampleFilter.Box);
        }

        public string ToJson() => JsonSerializer.Serialize(new object[]
        {
            Image.Width, Image.Height, Target.Width, Target.Height, Filter == ResampleFilter.Lanczos ? "lanczos" : "box",
            new[] { Box.Left, Box.Top, Box.Left + Box.Size.Width, Box.Top + Box.Size.Height }, Convert.ToHexString(Interleaved(Image)),
        });
    }
}
