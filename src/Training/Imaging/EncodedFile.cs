using System.Buffers.Binary;

namespace Atelier.Training.Imaging;

/// <summary>The file formats that are read.</summary>
internal enum EncodedFormat
{
    Png,
    Jpeg,
    WebP,
    Bmp,
    Tiff,
    Gif,
}

/// <summary>
/// What the first bytes of an image file tell, and whether its end is there: ImageSharp fills what a file lost with
/// grey or black, and a dataset must not.
/// </summary>
internal static class EncodedFile
{
    /// <summary>The format, by the first bytes; null for other files.</summary>
    public static EncodedFormat? FormatOf(ReadOnlySpan<byte> file) =>
        PngReader.IsPng(file) ? EncodedFormat.Png
        : file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? EncodedFormat.Jpeg
        : file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8) ? EncodedFormat.WebP
        : file.StartsWith("BM"u8) && file.Length >= 26 ? EncodedFormat.Bmp
        : file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8) ? EncodedFormat.Tiff
        : file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8) ? EncodedFormat.Gif
        : null;

    /// <summary>What people call a format.</summary>
    public static string Name(this EncodedFormat format) =>
        format is EncodedFormat.WebP ? "WebP" : format.ToString().ToUpperInvariant();

    /// <summary>Throws if a file ends before its image does, or has an image that ImageSharp 2 cannot read.</summary>
    /// <exception cref="ImageFormatException">It does.</exception>
    public static void RequireWhole(ReadOnlySpan<byte> file, EncodedFormat format)
    {
        var whole = format switch
        {
            EncodedFormat.Jpeg => EndsJpeg(file),
            EncodedFormat.WebP => file.Length >= 8 + (long)BinaryPrimitives.ReadUInt32LittleEndian(file[4..]),
            EncodedFormat.Gif => EndsGif(file),
            EncodedFormat.Bmp => EndsBmp(file),
            _ => true,
        };
        if (!whole)
            throw new ImageFormatException($"truncated {format.Name()}: the file ends before the image does");
        if (format == EncodedFormat.WebP && file.Length > 20 && file[12..].StartsWith("VP8X"u8) && (file[20] & 0x02) != 0)
            throw new ImageFormatException("animated WebP is not supported: save one frame as a still image (`webpmux -get frame 1 IN.webp -o OUT.webp`), or convert it to GIF");
    }

    /// <summary>Whether a WebP file says that pixels can be transparent: lossless or extended, with the flag of its header.</summary>
    public static bool IsTransparentWebP(ReadOnlySpan<byte> file) => file.Length > 24 && file[15] switch
    {
        (byte)'L' => (file[24] & 0x10) != 0,
        (byte)'X' => (file[20] & 0x10) != 0,
        _ => false,
    };

    // An end marker behind the beginning of the scan; data of the scan itself never look like one.
    private static bool EndsJpeg(ReadOnlySpan<byte> file)
    {
        for (var rest = file[2..]; rest.Length >= 4 && rest[0] == 0xFF;)
        {
            if (rest[1] == 0xDA)
                return rest.LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) >= 0;
            // Any number of 0xFF may stand before a marker.
            var skipped = rest[1] == 0xFF ? 1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (skipped > rest.Length)
                return false;
            rest = rest[skipped..];
        }

        return false;
    }

    // The first image's blocks of data, through the empty one that ends them (GIF89a, sections 15 and 20 to 23).
    private static bool EndsGif(ReadOnlySpan<byte> file)
    {
        if (file.Length < 13)
            return false;
        var rest = Behind(file, 13 + ColourTable(file[10]));
        while (rest.Length > 1)
        {
            var isImage = rest[0] == 0x2C;
            if (!isImage && rest[0] != 0x21)
                return false;
            if (isImage && rest.Length < 11)
                return false;
            rest = Behind(rest, isImage ? 11 + ColourTable(rest[9]) : 2);
            while (rest.Length > 0 && rest[0] != 0)
                rest = Behind(rest, 1 + rest[0]);
            if (rest.Length == 0)
                return false;
            if (isImage)
                return true;
            rest = rest[1..];
        }

        return false;
    }

    // All rows of an uncompressed file (compression 0, 3 or 6); as many bytes as it states of a compressed one.
    private static bool EndsBmp(ReadOnlySpan<byte> file)
    {
        long pixels = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(file[14..]) == 12)
            return file.Length >= pixels + Rows(BinaryPrimitives.ReadUInt16LittleEndian(file[18..]), BinaryPrimitives.ReadUInt16LittleEndian(file[20..]), file[24]);
        if (file.Length < 38)
            return false;
        return file.Length >= pixels + (BinaryPrimitives.ReadInt32LittleEndian(file[30..]) is 0 or 3 or 6
            ? Rows(BinaryPrimitives.ReadInt32LittleEndian(file[18..]), BinaryPrimitives.ReadInt32LittleEndian(file[22..]), file[28])
            : BinaryPrimitives.ReadUInt32LittleEndian(file[34..]));

        static long Rows(long width, long height, int bits) => Math.Abs(height) * (((width * bits) + 31) / 32 * 4);
    }

    private static int ColourTable(byte flags) => (flags & 0x80) != 0 ? 3 << ((flags & 7) + 1) : 0;

    private static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> bytes, int count) => count <= bytes.Length ? bytes[count..] : [];
}
