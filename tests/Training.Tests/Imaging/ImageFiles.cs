using System.Buffers.Binary;
using Atelier.Training.Imaging;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Tiff.Constants;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using Sharp = SixLabors.ImageSharp.Image;

namespace Atelier.Training.Tests.Imaging;

/// <summary>Files of every format that is read.</summary>
internal static class ImageFiles
{
    /// <summary>Encodes an image, by the name of a format and how.</summary>
    /// <param name="image">The image.</param>
    /// <param name="format">As in the switch below.</param>
    /// <param name="orientation">EXIF's tag 0x0112; 0 for none.</param>
    public static byte[] Encode(RgbImage image, string format, ushort orientation = 0)
    {
        if (format == "png, stored")
            return ImageCodec.EncodeStoredPng(image.Planes, image.Size);
        using var pixels = Sharp.Load<Rgb24>(ImageCodec.EncodePng(image));
        if (orientation != 0 && format == "tiff")
            return WithOrientation(Save(pixels, new TiffEncoder { BitsPerPixel = TiffBitsPerPixel.Bit24 }), orientation);
        if (orientation != 0)
        {
            pixels.Metadata.ExifProfile = new ExifProfile();
            pixels.Metadata.ExifProfile.SetValue(ExifTag.Orientation, orientation);
        }

        return Save(pixels, format switch
        {
            "png" => new PngEncoder(),
            "jpeg" => new SixLabors.ImageSharp.Formats.Jpeg.JpegEncoder { Quality = 95 },
            "webp" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossless },
            "webp, lossy" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = 95 },
            "bmp" => new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel24 },
            "tiff" => new TiffEncoder { BitsPerPixel = TiffBitsPerPixel.Bit24 },
            "tiff, packed" => new TiffEncoder { BitsPerPixel = TiffBitsPerPixel.Bit24, Compression = TiffCompression.Deflate },
            "gif" => new GifEncoder(),
            _ => throw new ArgumentException($"no format {format}", nameof(format)),
        });
    }

    /// <summary>A GIF of two frames.</summary>
    public static byte[] AnimatedGif(RgbImage first, RgbImage second)
    {
        using var pixels = Sharp.Load<Rgb24>(ImageCodec.EncodePng(first));
        using var other = Sharp.Load<Rgb24>(ImageCodec.EncodePng(second));
        pixels.Frames.AddFrame(other.Frames.RootFrame);
        return Save(pixels, new GifEncoder());
    }

    /// <summary>A GIF of 8×8 pixels without colour.</summary>
    public static byte[] TransparentGif()
    {
        using var pixels = new SixLabors.ImageSharp.Image<Rgba32>(8, 8);
        return Save(pixels, new GifEncoder());
    }

    /// <summary>A file with another size, of both sides, in its header.</summary>
    public static byte[] WithSize(byte[] file, string format, int side)
    {
        var changed = file.ToArray();
        var bytes = changed.AsSpan();
        switch (format)
        {
            case "png":
                BinaryPrimitives.WriteInt32BigEndian(bytes[16..], side);
                return PngWriter.WithHeight(changed, side);
            case "jpeg": // the baseline frame's header: length, precision, height, width
                var frame = bytes.IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
                BinaryPrimitives.WriteUInt16BigEndian(bytes[(frame + 5)..], (ushort)side);
                BinaryPrimitives.WriteUInt16BigEndian(bytes[(frame + 7)..], (ushort)side);
                break;
            case "bmp":
                BinaryPrimitives.WriteInt32LittleEndian(bytes[18..], side);
                BinaryPrimitives.WriteInt32LittleEndian(bytes[22..], side);
                break;
            case "gif":
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], (ushort)side);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], (ushort)side);
                break;
            case "tiff":
                WriteTag(bytes, 0x0100, side);
                WriteTag(bytes, 0x0101, side);
                break;
            default:
                throw new ArgumentException($"no size of {format}", nameof(format));
        }

        return changed;
    }

    // ImageSharp writes no orientation: it takes the place of the unit of the resolution.
    private static byte[] WithOrientation(byte[] file, ushort orientation)
    {
        var entry = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x28, 0x01, 3, 0, 1, 0, 0, 0]);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(entry), 0x0112);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(entry + 8), orientation);
        return file;
    }

    // A tag of a little-endian TIFF's first directory: number, type, count and value, 12 bytes.
    private static void WriteTag(Span<byte> file, ushort tag, int value)
    {
        var directory = file[BinaryPrimitives.ReadInt32LittleEndian(file[4..])..];
        for (var entry = directory[2..]; entry.Length >= 12; entry = entry[12..])
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(entry) != tag)
                continue;
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], 4); // a 32-bit number
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], value);
            return;
        }

        throw new ArgumentException($"no tag {tag:x}", nameof(tag));
    }

    private static byte[] Save(Sharp pixels, IImageEncoder encoder)
    {
        using var file = new MemoryStream();
        pixels.Save(file, encoder);
        return file.ToArray();
    }
}
