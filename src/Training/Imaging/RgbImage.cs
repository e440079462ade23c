using System.Globalization;
using System.Runtime.Intrinsics;

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

    /// <summary>The three planes of a row.</summary>
    internal RgbRow Row(int y)
    {
        var plane = Width * Height;
        return new RgbRow(Planes.AsSpan(y * Width, Width), Planes.AsSpan(plane + (y * Width), Width), Planes.AsSpan((2 * plane) + (y * Width), Width));
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

/// <summary>A row of a picture, [width] per channel.</summary>
internal readonly ref struct RgbRow(Span<byte> red, Span<byte> green, Span<byte> blue)
{
    // [channel, part]: which bytes of a part's 16 go where; 255 gives 0 on every processor.
    private static readonly Vector128<byte>[] Places = MakePlaces();

    private readonly Span<byte> _red = red;
    private readonly Span<byte> _green = green;
    private readonly Span<byte> _blue = blue;

    /// <summary>Red, green and blue.</summary>
    public void Deconstruct(out Span<byte> red, out Span<byte> green, out Span<byte> blue)
    {
        red = _red;
        green = _green;
        blue = _blue;
    }

    /// <summary>Takes pixels of three bytes each, [width, 3], apart.</summary>
    public void Set(ReadOnlySpan<byte> pixels)
    {
        var (red, green, blue) = this;
        pixels = pixels[..(3 * red.Length)];
        var x = 0;
        for (; x <= red.Length - 16; x += 16)
        {
            var first = Vector128.Create(pixels[(3 * x)..]);
            var second = Vector128.Create(pixels[((3 * x) + 16)..]);
            var third = Vector128.Create(pixels[((3 * x) + 32)..]);
            Gather(first, second, third, 0).CopyTo(red[x..]);
            Gather(first, second, third, 1).CopyTo(green[x..]);
            Gather(first, second, third, 2).CopyTo(blue[x..]);
        }

        for (; x < red.Length; x++)
            (red[x], green[x], blue[x]) = (pixels[3 * x], pixels[(3 * x) + 1], pixels[(3 * x) + 2]);
    }

    private static Vector128<byte> Gather(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, int channel) =>
        Vector128.ShuffleNative(first, Places[3 * channel]) | Vector128.ShuffleNative(second, Places[(3 * channel) + 1])
        | Vector128.ShuffleNative(third, Places[(3 * channel) + 2]);

    private static Vector128<byte>[] MakePlaces()
    {
        var places = new Vector128<byte>[9];
        Span<byte> from = stackalloc byte[16];
        for (var i = 0; i < places.Length; i++)
        {
            for (var pixel = 0; pixel < from.Length; pixel++)
            {
                var at = (3 * pixel) + (i / 3) - (16 * (i % 3));
                from[pixel] = at is >= 0 and < 16 ? (byte)at : byte.MaxValue;
            }

            places[i] = Vector128.Create((ReadOnlySpan<byte>)from);
        }

        return places;
    }
}

/// <summary>An 8-bit sRGB colour. Written <c>#rrggbb</c>.</summary>
public readonly record struct RgbColor(byte Red, byte Green, byte Blue)
{
    /// <summary>White: the default background of transparent images.</summary>
    public static RgbColor White { get; } = new(255, 255, 255);

    /// <summary>Black.</summary>
    public static RgbColor Black { get; }

    /// <summary>This colour laid on another, rounded down.</summary>
    /// <param name="under">The colour below.</param>
    /// <param name="alpha">0 (transparent) to 255 (opaque), not premultiplied.</param>
    internal RgbColor Over(RgbColor under, byte alpha) => new(Mix(Red, under.Red, alpha), Mix(Green, under.Green, alpha), Mix(Blue, under.Blue, alpha));

    /// <summary>Reads <c>#rrggbb</c> or <c>rrggbb</c>.</summary>
    /// <returns>False if the text is neither.</returns>
    public static bool TryParse(string text, out RgbColor color)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.StartsWith('#') ? text[1..] : text;
        color = default;
        if (digits.Length != 6
            || !uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var packed))
            return false;
        color = new RgbColor((byte)(packed >> 16), (byte)(packed >> 8), (byte)packed);
        return true;
    }

    /// <summary><c>#rrggbb</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Red:x2}{Green:x2}{Blue:x2}");

    private static byte Mix(uint over, uint under, uint alpha) => (byte)(((over * alpha) + (under * (255 - alpha))) / 255);
}

/// <summary>A size in pixels. Written <c>512x384</c> (width first), or <c>32</c> when square.</summary>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>A square.</summary>
    public static ImageSize Square(int side) => new(side, side);

    /// <summary>The size of an image in bytes: three planes of uint8.</summary>
    public int ImageBytes => checked(3 * Width * Height);

    /// <summary>Reads <c>WxH</c> or one number for a square.</summary>
    /// <returns>False if the text is neither, or a side is not positive.</returns>
    public static bool TryParse(string text, out ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('x', '×');
        size = default;
        if (parts.Length > 2 || !TryParseSide(parts[0], out var width) || !TryParseSide(parts[^1], out var height))
            return false;
        size = new ImageSize(width, height);
        return true;
    }

    /// <summary><c>512x384</c>, as it is passed on the command line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Height}");

    private static bool TryParseSide(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side > 0;
}

/// <summary>A part of a picture, in pixels.</summary>
/// <param name="Left">Its first column.</param>
/// <param name="Top">Its first row.</param>
/// <param name="Size">Its width and height.</param>
public readonly record struct ImageBox(int Left, int Top, ImageSize Size)
{
    /// <summary>The whole of a picture.</summary>
    public static ImageBox Whole(ImageSize size) => new(0, 0, size);

    /// <summary>The largest box of an aspect in the middle of a picture; for a square, what the published tools crop.</summary>
    /// <param name="size">The picture.</param>
    /// <param name="aspect">Any size of the aspect wanted.</param>
    public static ImageBox Centred(ImageSize size, ImageSize aspect)
    {
        var (across, down) = ((long)size.Width * aspect.Height, (long)size.Height * aspect.Width);
        var box = new ImageSize(
            across > down ? (int)Math.Max(1, (down + (aspect.Height / 2)) / aspect.Height) : size.Width,
            across < down ? (int)Math.Max(1, (across + (aspect.Width / 2)) / aspect.Width) : size.Height);
        return new ImageBox((size.Width - box.Width) / 2, (size.Height - box.Height) / 2, box);
    }
}
