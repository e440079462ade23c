namespace Atelier.Training.Imaging;

/// <summary>The file formats of images; the numbers are those of <c>native/image/image.h</c>.</summary>
public enum ImageFormat
{
    /// <summary>PNG, lossless.</summary>
    Png = 0,

    /// <summary>JPEG (JFIF, baseline).</summary>
    Jpeg = 1,

    /// <summary>WebP; lossless at quality 100.</summary>
    WebP = 2,
}
