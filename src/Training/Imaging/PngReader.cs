using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Atelier.Training.Imaging;

/// <summary>
/// Decodes the PNG files that datasets are made of without libvips, whose bookkeeping takes longer than a small picture:
/// 8 bits a sample, grey or RGB, with or without alpha, not interlaced, no palette, no colour profile, no orientation.
/// Whatever is not exactly that, damaged files among it, is left to libvips, which then says what is wrong; where this
/// reader answers, it answers with libvips' bytes. (PNG specification, second edition.)
/// </summary>
internal static class PngReader
{
    private const int HeaderEnd = 8 + 12 + 13;
    private const int ChunkFrame = 12;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Decodes a file.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="background">The colour under transparent pixels.</param>
    /// <param name="expected">The size that the picture must have; null for any.</param>
    /// <returns>Null if the file is none for this reader.</returns>
    public static RgbImage? TryDecode(ReadOnlySpan<byte> file, RgbColor background, ImageSize? expected)
    {
        if (!TryReadHeader(file, out var size, out var channels) || size != (expected ?? size) || !TryCollect(file, out var packed))
            return null;
        using (packed)
        {
            var stride = size.Width * channels;
            var lines = ArrayPool<byte>.Shared.Rent(size.Height * (1 + stride));
            try
            {
                var used = lines.AsSpan(0, size.Height * (1 + stride));
                return Inflate(packed, used) && PngFilters.Undo(used, stride, channels) ? ToPlanes(used, size, channels, background) : null;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(lines);
            }
        }
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> file, out ImageSize size, out int channels)
    {
        (size, channels) = (default, 0);
        if (file.Length < HeaderEnd || !file.StartsWith(Signature) || !file[8..16].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R']))
            return false;
        size = new ImageSize(BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]));
        channels = file[25] switch { 0 => 1, 2 => 3, 4 => 2, 6 => 4, _ => 0 };
        // 8 bits, and no other compression, filtering or interlacing than the plain ones.
        return channels > 0 && file[24] == 8 && file[26] == 0 && file[27] == 0 && file[28] == 0
            && size is { Width: > 0, Height: > 0 } && (long)size.Width * size.Height <= int.MaxValue / 8;
    }

    // The compressed bytes of all IDAT chunks, if only chunks that do not change pixels stand beside them, all undamaged.
    private static bool TryCollect(ReadOnlySpan<byte> file, out MemoryStream packed)
    {
        packed = new MemoryStream(file.Length);
        for (var rest = file[8..]; rest.Length >= ChunkFrame;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            if (length < 0 || length > rest.Length - ChunkFrame
                || Crc32.Compute(rest.Slice(4, 4 + length)) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + length)..]))
                return false;
            var type = rest.Slice(4, 4);
            var data = rest.Slice(8, length);
            if (type.SequenceEqual("IEND"u8))
            {
                packed.Position = 0;
                return packed.Length > 0;
            }

            if (type.SequenceEqual("IDAT"u8))
                packed.Write(data);
            else if (!IsHarmless(type, data))
                return false;
            rest = rest[(ChunkFrame + length)..];
        }

        return false;
    }

    private static bool IsHarmless(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data) =>
        type.SequenceEqual("IHDR"u8) || type.SequenceEqual("tIME"u8) || type.SequenceEqual("pHYs"u8)
        // Some writers hide EXIF and profiles in texts.
        || ((type.SequenceEqual("tEXt"u8) || type.SequenceEqual("zTXt"u8)) && !data.StartsWith("Raw profile"u8));

    // False unless the stream is whole, checksum included, and as long as the picture.
    private static bool Inflate(MemoryStream packed, Span<byte> lines)
    {
        try
        {
            using var stream = new ZLibStream(packed, CompressionMode.Decompress, leaveOpen: true);
            return stream.ReadAtLeast(lines, lines.Length, throwOnEndOfStream: false) == lines.Length && stream.ReadByte() < 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static RgbImage ToPlanes(ReadOnlySpan<byte> lines, ImageSize size, int channels, RgbColor background)
    {
        var planes = GC.AllocateUninitializedArray<byte>(size.ImageBytes);
        var plane = size.Width * size.Height;
        for (var y = 0; y < size.Height; y++)
        {
            var line = lines.Slice((y * (1 + (size.Width * channels))) + 1, size.Width * channels);
            var red = planes.AsSpan(y * size.Width, size.Width);
            var green = planes.AsSpan(plane + (y * size.Width), size.Width);
            var blue = planes.AsSpan((2 * plane) + (y * size.Width), size.Width);
            // Grey is all three.
            var (atGreen, atBlue) = channels >= 3 ? (1, 2) : (0, 0);
            for (var (x, at) = (0, 0); x < red.Length; x++, at += channels)
                (red[x], green[x], blue[x]) = (line[at], line[at + atGreen], line[at + atBlue]);
            if (channels is 2 or 4)
                Lay(line, channels, background, red, green, blue);
        }

        return new RgbImage(size.Width, size.Height, planes);
    }

    // Lays pixels that are not opaque on the background; rounded down, as libvips does.
    private static void Lay(ReadOnlySpan<byte> line, int channels, RgbColor under, Span<byte> red, Span<byte> green, Span<byte> blue)
    {
        for (var (x, at) = (0, channels - 1); x < red.Length; x++, at += channels)
        {
            uint alpha = line[at];
            if (alpha == 255)
                continue;
            red[x] = (byte)(((red[x] * alpha) + (under.Red * (255 - alpha))) / 255);
            green[x] = (byte)(((green[x] * alpha) + (under.Green * (255 - alpha))) / 255);
            blue[x] = (byte)(((blue[x] * alpha) + (under.Blue * (255 - alpha))) / 255);
        }
    }
}
