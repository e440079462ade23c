using System.Runtime.InteropServices;
using Atelier.Training.Interop;

namespace Atelier.Training.Imaging;

/// <summary>PNG, JPEG and WebP in memory, through libvips. Safe from any number of threads; a call uses one core.</summary>
public static class ImageCodec
{
    /// <summary>
    /// Decodes a PNG, JPEG or WebP, told apart by content: EXIF orientation applied; grey, palette, 16-bit, CMYK and
    /// profiled colours brought to 8-bit sRGB; transparency laid on a background.
    /// </summary>
    /// <param name="encoded">The file's bytes.</param>
    /// <param name="background">The colour under transparent pixels.</param>
    /// <param name="fit">Crop at the centre to this aspect and resize (Lanczos) to this size; null keeps the size.</param>
    /// <exception cref="ImageFormatException">The bytes are no whole image of these formats.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, RgbColor background, ImageSize? fit = null)
    {
        // A picture of the size asked for is neither cropped nor resized.
        return PngReader.TryDecode(encoded, background, expected: fit) ?? DecodeByLibrary(encoded, background, fit);
    }

    /// <summary>The same through libvips alone.</summary>
    internal static RgbImage DecodeByLibrary(ReadOnlySpan<byte> encoded, RgbColor background, ImageSize? fit)
    {
        var status = ImageLibrary.Decode(
            in MemoryMarshal.GetReference(encoded), (nuint)encoded.Length, fit?.Width ?? 0, fit?.Height ?? 0,
            background.Packed, out var planes, out var width, out var height);
        using (planes)
        {
            ThrowOnFailure(status);
            return new RgbImage(width, height, planes.ToArray(new ImageSize(width, height).ImageBytes));
        }
    }

    /// <summary>Encodes a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="format">The file format.</param>
    /// <param name="quality">1 to 100, for JPEG and WebP (100: lossless WebP).</param>
    /// <exception cref="ImageFormatException">The format cannot hold the picture (WebP: 16383 pixels a side).</exception>
    public static byte[] Encode(RgbImage image, ImageFormat format, int quality = 90)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        var status = ImageLibrary.Encode(
            in MemoryMarshal.GetArrayDataReference(image.Planes), image.Width, image.Height, (int)format, quality,
            out var data, out var length);
        using (data)
        {
            ThrowOnFailure(status);
            return data.ToArray(checked((int)length));
        }
    }

    /// <summary>Encodes a picture as PNG.</summary>
    public static byte[] EncodePng(RgbImage image) => Encode(image, ImageFormat.Png);

    /// <summary>Turns a failed call into its exception.</summary>
    internal static void ThrowOnFailure(int status)
    {
        if (status != 0)
            throw new ImageFormatException(ImageLibrary.LastError());
    }
}
