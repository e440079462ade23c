using Atelier.Training.Data.Conversion;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data.Conversion;

public class ImageTransformTests
{
    [Fact]
    public void Apply_NoResolution_KeepsTheImage()
    {
        var image = TestImages.Coordinates(5, 7);

        Assert.Same(image, new ImageTransform(CropMode.None, null, ResampleFilter.Lanczos).Apply(image));
    }

    [Fact]
    public void Apply_CenterCrop_TakesTheMiddleSquare()
    {
        var result = new ImageTransform(CropMode.CenterCrop, ImageSize.Square(8), ResampleFilter.Box).Apply(TestImages.Coordinates(13, 8))!;

        // Published: columns (13 - 8) / 2 to (13 + 8) / 2, rounded down.
        Assert.Equal(new RgbColor(2, 0, 0), result.At(0, 0));
        Assert.Equal(new RgbColor(9, 7, 0), result.At(7, 7));
    }

    [Fact]
    public void Apply_None_StretchesTheWhole()
    {
        var result = new ImageTransform(CropMode.None, new ImageSize(4, 4), ResampleFilter.Box).Apply(TestImages.Coordinates(8, 4))!;

        Assert.Equal(ImageSize.Square(4), result.Size);
        Assert.Equal(3, result.At(3, 3).Green);
        Assert.InRange(result.At(3, 3).Red, 6, 7); // the mean of columns 6 and 7
    }

    [Fact]
    public void Apply_CenterCropWide_IsThePublishedSquareWithBars()
    {
        var transform = new ImageTransform(CropMode.CenterCropWide, new ImageSize(64, 48), ResampleFilter.Lanczos);
        var image = RgbImage.Filled(128, 96, RgbColor.White);
        // The published formula keeps round(64 · 96 / 128) = 48 rows of 128 columns: rows 24 to 72.
        image.Paste(RgbImage.Filled(128, 24, new RgbColor(255, 0, 0)).Planes, new ImageSize(128, 24), 0, 0);
        image.Paste(RgbImage.Filled(128, 24, new RgbColor(255, 0, 0)).Planes, new ImageSize(128, 24), 0, 72);

        var result = transform.Apply(image)!;

        Assert.Equal(ImageSize.Square(64), result.Size);
        Assert.Equal(ImageSize.Square(64), transform.Output);
        Assert.All(Enumerable.Range(0, 64), y => Assert.Equal(y is >= 8 and < 56 ? RgbColor.White : RgbColor.Black, result.At(30, y)));
    }

    [Theory]
    [InlineData(63, 63)] // too narrow
    [InlineData(128, 95)] // 64 · 95 / 128 = 47.5, to even 48: just enough
    [InlineData(128, 93)] // 46.5, to even 46: too flat
    public void Apply_CenterCropWide_LeavesOutWhatIsTooSmall(int width, int height)
    {
        var transform = new ImageTransform(CropMode.CenterCropWide, new ImageSize(64, 48), ResampleFilter.Lanczos);

        Assert.Equal(height == 95, transform.Apply(RgbImage.Filled(width, height, RgbColor.White)) is not null);
    }
}
