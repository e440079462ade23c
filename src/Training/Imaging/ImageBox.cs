namespace Atelier.Training.Imaging;

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
