using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.TestKit;

/// <summary>Small pictures that differ from each other: a coloured disc on a coloured ground, by index.</summary>
public static class TestImages
{
    /// <summary>A picture.</summary>
    public static RgbImage Disc(int index, int side) => Disc(index, side, side);

    private static RgbImage Disc(int index, int side, int height)
    {
        var random = new Random(index);
        var image = RgbImage.Filled(side, height, Color(random));
        var color = Color(random);
        double x = side * (0.3 + (0.4 * random.NextDouble())), y = side * (0.3 + (0.4 * random.NextDouble())), radius = side * (0.15 + (0.2 * random.NextDouble()));
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < side; column++)
            {
                if (Math.Pow(column - x, 2) + Math.Pow(row - y, 2) < radius * radius)
                    image.Paste([color.Red, color.Green, color.Blue], ImageSize.Square(1), column, row);
            }
        }
        return image;
    }

    /// <summary>A source of pictures in memory; with <paramref name="labels"/> classes, labelled by index.</summary>
    public static ImageSource Source(int count, int side, int labels = 0)
    {
        var files = Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"{i:0000}.png", ImageCodec.EncodePng(Disc(i, side))));
        string? table = labels == 0 ? null : $$"""{"labels": [{{string.Join(',', Enumerable.Range(0, count).Select(i => $"[\"{i:0000}.png\", {i % labels}]"))}}]}""";
        return new MemoryImageSource("test images", files, table);
    }

    /// <summary>Writes pictures into a folder.</summary>
    public static void WriteFolder(string folder, int count, int side, int? height = null) => Write(folder, count, side, height ?? side, ImageCodec.EncodePng);

    /// <summary>Writes pictures into a folder, without compression and without any native library.</summary>
    public static void WriteStored(string folder, int count, int side) => Write(folder, count, side, side, image => ImageCodec.EncodeStoredPng(image.Planes, image.Size));

    private static void Write(string folder, int count, int side, int height, Func<RgbImage, byte[]> encode)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(Path.Combine(folder, $"{i:0000}.png"), encode(Disc(i, side, height)));
    }

    private static RgbColor Color(Random random) => new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
}
