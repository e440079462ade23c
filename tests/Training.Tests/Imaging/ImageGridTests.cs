using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class ImageGridTests
{
    [Fact]
    public void Compose_Bytes_PlacesEveryPixelRowByRow()
    {
        RgbImage[] images = [.. Enumerable.Range(0, 5).Select(n => TestImages.Coordinates(4, 3, n + 1))];

        var grid = ImageGrid.Compose(images, columns: 3);

        Assert.Equal(new ImageSize(12, 6), grid.Size);
        for (var n = 0; n < 5; n++)
        {
            for (var y = 0; y < 3; y++)
            {
                for (var x = 0; x < 4; x++)
                    Assert.Equal(new RgbColor((byte)x, (byte)y, (byte)(n + 1)), grid.At((n % 3 * 4) + x, (n / 3 * 3) + y));
            }
        }

        Assert.Equal(ImageGrid.Background, grid.At(11, 5));
    }

    [Fact]
    public void Compose_Floats_RoundsAndClamps()
    {
        float[] pixels = [-1, 1, -2, 2, 0, float.NaN, -0.999f, 0.999f, 1, 1, 1, 1];

        var grid = ImageGrid.Compose(pixels, ImageSize.Square(2), columns: 1);

        Assert.Equal<byte>([0, 255, 0, 255, 128, 0, 0, 255, 255, 255, 255, 255], grid.Planes);
    }

    [Fact]
    public void Compose_OneChannel_IsGrey()
    {
        var grid = ImageGrid.Compose([10, 20, 30, 40, 1, 2, 3, 4], ImageSize.Square(2), columns: 2, channels: 1);

        Assert.Equal(new ImageSize(4, 2), grid.Size);
        Assert.Equal(new RgbColor(30, 30, 30), grid.At(0, 1));
        Assert.Equal(new RgbColor(2, 2, 2), grid.At(3, 0));
    }

    [Fact]
    public void Compose_HalfAnImage_Throws() =>
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose(new byte[13], ImageSize.Square(2), columns: 1));

    [Theory]
    [InlineData(32, 32, 32, 32)]
    [InlineData(256, 256, 30, 16)]
    [InlineData(1024, 1024, 7, 4)]
    [InlineData(512, 384, 15, 11)]
    public void LayoutFor_Size_IsThePublishedOne(int width, int height, int columns, int rows) =>
        Assert.Equal((columns, rows), ImageGrid.LayoutFor(new ImageSize(width, height)));

    [Fact]
    public void Zoom_Factor_MakesSquaresOfPixels()
    {
        var zoomed = TestImages.Coordinates(3, 2, 9).Zoom(3);

        Assert.Equal(new ImageSize(9, 6), zoomed.Size);
        Assert.Equal(new RgbColor(2, 1, 9), zoomed.At(6, 3));
        Assert.Equal(new RgbColor(2, 1, 9), zoomed.At(8, 5));
        Assert.Equal(new RgbColor(1, 0, 9), zoomed.At(5, 2));
    }
}
