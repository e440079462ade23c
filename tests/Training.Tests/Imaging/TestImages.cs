using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

/// <summary>Pictures that tests know by heart.</summary>
internal static class TestImages
{
    /// <summary>A picture in which every pixel says where it is and whose it is: red its column, green its row, blue the picture.</summary>
    public static RgbImage Coordinates(int width, int height, int number = 0)
    {
        var image = RgbImage.Filled(width, height, RgbColor.Black);
        var plane = width * height;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                image.Planes[(y * width) + x] = (byte)x;
                image.Planes[plane + (y * width) + x] = (byte)y;
                image.Planes[(2 * plane) + (y * width) + x] = (byte)number;
            }
        }

        return image;
    }

    /// <summary>The same as a PNG file.</summary>
    public static byte[] Png(int width, int height, int number = 0) =>
        ImageCodec.EncodePng(Coordinates(width, height, number));
}
