namespace Atelier.Training.Imaging;

/// <summary>Pictures of one size side by side, without gaps, as the published trainers write their snapshots.</summary>
public static class ImageGrid
{
    /// <summary>
    /// The columns and rows the published trainers use: as many as fill 7680×4320 pixels, at least 7×4, at most 32×32.
    /// </summary>
    public static (int Columns, int Rows) LayoutFor(ImageSize size) =>
        (Math.Clamp(7680 / size.Width, 7, 32), Math.Clamp(4320 / size.Height, 4, 32));

    /// <summary>What cells without a picture show: no picture is of this grey alone.</summary>
    public static RgbColor Background { get; } = new(0xee, 0xee, 0xee);

    /// <summary>Composes pictures row by row; cells without a picture show the background.</summary>
    /// <param name="pixels">uint8 [N, C, H, W], C = 3, or 1 for grey.</param>
    /// <param name="size">W and H.</param>
    /// <param name="columns">Pictures per row.</param>
    /// <param name="channels">C.</param>
    public static RgbImage Compose(ReadOnlySpan<byte> pixels, ImageSize size, int columns, int channels = 3)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        if (channels is not (1 or 3))
            throw new ArgumentException($"A picture has 1 or 3 channels, not {channels}.", nameof(channels));
        var plane = size.Width * size.Height;
        var count = pixels.Length / (channels * plane);
        if (count == 0 || pixels.Length != count * channels * plane)
            throw new ArgumentException($"{pixels.Length} bytes are not a whole number of {channels}-channel images of {size}.", nameof(pixels));

        var rows = (count + columns - 1) / columns;
        var grid = RgbImage.Filled(columns * size.Width, rows * size.Height, Background);
        var rgb = new byte[size.ImageBytes];
        for (var i = 0; i < count; i++)
        {
            var picture = pixels.Slice(i * channels * plane, channels * plane);
            for (var c = 0; c < 3; c++)
                picture.Slice(c % channels * plane, plane).CopyTo(rgb.AsSpan(c * plane));
            grid.Paste(rgb, size, i % columns * size.Width, i / columns * size.Height);
        }

        return grid;
    }

    /// <summary>Composes a network's outputs: <paramref name="low"/> becomes 0, <paramref name="high"/> 255.</summary>
    /// <param name="pixels">float32 [N, C, H, W], C = 3, or 1 for grey. NaN becomes 0.</param>
    /// <param name="size">W and H.</param>
    /// <param name="columns">Pictures per row.</param>
    /// <param name="channels">C.</param>
    /// <param name="low">The value of black.</param>
    /// <param name="high">The value of white.</param>
    public static RgbImage Compose(
        ReadOnlySpan<float> pixels, ImageSize size, int columns, int channels = 3, float low = -1, float high = 1)
    {
        var bytes = new byte[pixels.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            var value = MathF.Round((pixels[i] - low) * (255 / (high - low)));
            bytes[i] = value >= 255 ? (byte)255 : value > 0 ? (byte)value : (byte)0;
        }

        return Compose(bytes, size, columns, channels);
    }

    /// <summary>Composes pictures of one size.</summary>
    public static RgbImage Compose(IReadOnlyList<RgbImage> images, int columns)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
            throw new ArgumentException("A grid needs at least one picture.", nameof(images));
        var size = images[0].Size;
        if (images.FirstOrDefault(i => i.Size != size) is { } other)
            throw new ArgumentException($"All pictures of a grid must have one size, not {size} and {other.Size}.", nameof(images));
        return Compose(images.SelectMany(i => i.Planes).ToArray(), size, columns);
    }
}

/// <summary>One picture of an <see cref="ImageStrip"/>.</summary>
/// <param name="Caption">Above the picture, one line.</param>
/// <param name="Image">The picture, of any size.</param>
public sealed record StripFrame(string Caption, RgbImage Image);

/// <summary>Sample grids over time in one picture, each under a caption.</summary>
public static class ImageStrip
{
    private const int Gap = 12;
    private const int CaptionHeight = 24;

    /// <summary>Frames left to right, in as many rows as it takes; cells are as large as the largest frame.</summary>
    /// <param name="frames">The frames, in time order.</param>
    /// <param name="columns">Frames per row; 1 stacks them, null sets them all side by side.</param>
    public static RgbImage Compose(IReadOnlyList<StripFrame> frames, int? columns = null)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
            throw new ArgumentException("A strip needs at least one frame.", nameof(frames));
        var perRow = Math.Min(columns ?? frames.Count, frames.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perRow, nameof(columns));
        var rows = (frames.Count + perRow - 1) / perRow;
        var cell = new ImageSize(frames.Max(f => f.Image.Width), frames.Max(f => f.Image.Height) + CaptionHeight);

        var strip = RgbImage.Filled(
            Gap + (perRow * (cell.Width + Gap)), Gap + (rows * (cell.Height + Gap)), RgbColor.White);
        for (var i = 0; i < frames.Count; i++)
        {
            var (x, y) = (Gap + (i % perRow * (cell.Width + Gap)), Gap + (i / perRow * (cell.Height + Gap)));
            LabelFont.Write(strip, frames[i].Caption, x, y, new ImageSize(cell.Width, CaptionHeight), new RgbColor(0x33, 0x33, 0x33));
            var image = frames[i].Image;
            strip.Paste(image.Planes, image.Size, x, y + CaptionHeight);
        }

        return strip;
    }
}
