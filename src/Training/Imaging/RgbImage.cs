namespace Atelier.Training.Imaging;

/// <summary>A picture in memory: uint8 sRGB planes, channel by channel, rows top to bottom.</summary>
public sealed class RgbImage
{
    /// <summary>Wraps planes; the array is not copied.</summary>
    /// <param name="width">Pixels per row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="planes">[3, height, width].</param>
    public RgbImage(int width, int height, byte[] planes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentNullException.ThrowIfNull(planes);
        Size = new ImageSize(width, height);
        if (planes.Length != Size.ImageBytes)
            throw new ArgumentException($"An RGB image of {Size} has {Size.ImageBytes} bytes, not {planes.Length}.", nameof(planes));
        Planes = planes;
    }

    /// <summary>Width and height in pixels.</summary>
    public ImageSize Size { get; }

    /// <summary>Pixels per row.</summary>
    public int Width => Size.Width;

    /// <summary>Rows.</summary>
    public int Height => Size.Height;

    /// <summary>The pixels [3, height, width].</summary>
    public byte[] Planes { get; }

    /// <summary>A picture of one colour.</summary>
    public static RgbImage Filled(int width, int height, RgbColor color)
    {
        var image = new RgbImage(width, height, new byte[new ImageSize(width, height).ImageBytes]);
        var plane = width * height;
        image.Planes.AsSpan(0, plane).Fill(color.Red);
        image.Planes.AsSpan(plane, plane).Fill(color.Green);
        image.Planes.AsSpan(2 * plane, plane).Fill(color.Blue);
        return image;
    }

    /// <summary>The colour at column <paramref name="x"/> of row <paramref name="y"/>.</summary>
    public RgbColor At(int x, int y)
    {
        var (plane, i) = (Width * Height, (y * Width) + x);
        return new RgbColor(Planes[i], Planes[plane + i], Planes[(2 * plane) + i]);
    }

    /// <summary>Copies planes of another picture onto this one; they must lie inside.</summary>
    /// <param name="source">[3, size.Height, size.Width].</param>
    /// <param name="size">The size of the source.</param>
    /// <param name="x">The column of its left edge.</param>
    /// <param name="y">The row of its top edge.</param>
    public void Paste(ReadOnlySpan<byte> source, ImageSize size, int x, int y)
    {
        for (var c = 0; c < 3; c++)
        {
            for (var row = 0; row < size.Height; row++)
            {
                source.Slice(((c * size.Height) + row) * size.Width, size.Width)
                    .CopyTo(Planes.AsSpan((((c * Height) + y + row) * Width) + x, size.Width));
            }
        }
    }

    /// <summary>Enlarges by a whole factor, every pixel a square: how a small sample is looked at.</summary>
    public RgbImage Zoom(int factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        var (width, height) = (Width * factor, Height * factor);
        var planes = new byte[new ImageSize(width, height).ImageBytes];
        for (var row = 0; row < 3 * height; row++)
        {
            // Row r of the 3·height output rows comes from row r / factor of the 3·Height input rows.
            var from = Planes.AsSpan(row / factor * Width, Width);
            for (var x = 0; x < width; x++)
                planes[(row * width) + x] = from[x / factor];
        }

        return new RgbImage(width, height, planes);
    }
}
