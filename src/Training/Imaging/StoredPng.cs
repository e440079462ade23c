using System.Buffers.Binary;

namespace Atelier.Training.Imaging;

/// <summary>
/// PNG files without compression, as the published datasets hold them: quick to write and to read, and the same bytes
/// whatever version of a compression library is installed. (PNG specification, second edition; RFC 1950 and 1951.)
/// </summary>
public static class StoredPng
{
    private const int MostStored = ushort.MaxValue;
    private const int ChunkFrame = 12;
    private const int HeaderBytes = 13;

    // Sums of bytes stay below 2³² for this many (RFC 1950).
    private const int AdlerRun = 5552;
    private const uint AdlerPrime = 65521;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The length of the file of a picture.</summary>
    /// <param name="size">The picture's size.</param>
    /// <param name="channels">3 for RGB, 1 for grey.</param>
    public static int LengthOf(ImageSize size, int channels = 3) =>
        Signature.Length + (3 * ChunkFrame) + HeaderBytes + ZlibLength(checked(size.Height * (1 + (size.Width * channels))));

    /// <summary>Encodes planes.</summary>
    /// <param name="planes">uint8 [C, height, width], C = 3 for RGB, 1 for grey.</param>
    /// <param name="size">Width and height.</param>
    public static byte[] Encode(ReadOnlySpan<byte> planes, ImageSize size)
    {
        var plane = size.Width * size.Height;
        var channels = planes.Length / plane;
        if (channels is not (1 or 3) || planes.Length != channels * plane)
            throw new ArgumentException($"{planes.Length} bytes are no grey or RGB planes of {size}.", nameof(planes));
        var file = new byte[LengthOf(size, channels)];
        Signature.CopyTo(file);
        var rest = file.AsSpan(Signature.Length);
        BinaryPrimitives.WriteInt32BigEndian(rest[8..], size.Width);
        BinaryPrimitives.WriteInt32BigEndian(rest[12..], size.Height);
        rest[16] = 8; // bits a sample
        rest[17] = channels == 3 ? (byte)2 : (byte)0; // RGB or grey
        rest = rest[FrameChunk(rest, "IHDR"u8, HeaderBytes)..];
        var lines = Scanlines(planes, size, channels);
        Store(lines, rest[8..]);
        rest = rest[FrameChunk(rest, "IDAT"u8, ZlibLength(lines.Length))..];
        FrameChunk(rest, "IEND"u8, 0);
        return file;
    }

    /// <summary>The size that a file of <see cref="Encode"/> states; null if it is none.</summary>
    public static ImageSize? SizeOf(ReadOnlySpan<byte> file) =>
        file.Length > Signature.Length + ChunkFrame + HeaderBytes && file.StartsWith(Signature)
            ? new ImageSize(BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]))
            : null;

    // Rows of interleaved samples, each behind the number of its filter, 0 for none.
    private static byte[] Scanlines(ReadOnlySpan<byte> planes, ImageSize size, int channels)
    {
        var lines = new byte[size.Height * (1 + (size.Width * channels))];
        var (plane, at) = (size.Width * size.Height, 0);
        for (var y = 0; y < size.Height; y++)
        {
            at++;
            var row = planes.Slice(y * size.Width);
            if (channels == 1)
            {
                row[..size.Width].CopyTo(lines.AsSpan(at));
                at += size.Width;
                continue;
            }

            var red = row[..size.Width];
            var green = row.Slice(plane, size.Width);
            var blue = row.Slice(2 * plane, size.Width);
            for (var x = 0; x < red.Length; x++, at += 3)
            {
                lines[at] = red[x];
                lines[at + 1] = green[x];
                lines[at + 2] = blue[x];
            }
        }

        return lines;
    }

    private static int ZlibLength(int length) => 2 + (5 * Math.Max(1, (length + MostStored - 1) / MostStored)) + length + 4;

    // A zlib stream of stored blocks.
    private static void Store(ReadOnlySpan<byte> data, Span<byte> stream)
    {
        (stream[0], stream[1]) = (0x78, 0x01); // deflate, window of 32 KiB, fastest
        stream = stream[2..];
        var adler = Adler32(data);
        while (data.Length > 0)
        {
            var block = data[..Math.Min(MostStored, data.Length)];
            data = data[block.Length..];
            stream[0] = data.Length == 0 ? (byte)1 : (byte)0; // the last block?
            BinaryPrimitives.WriteUInt16LittleEndian(stream[1..], (ushort)block.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(stream[3..], (ushort)~block.Length);
            block.CopyTo(stream[5..]);
            stream = stream[(5 + block.Length)..];
        }

        BinaryPrimitives.WriteUInt32BigEndian(stream, adler);
    }

    private static uint Adler32(ReadOnlySpan<byte> data)
    {
        uint low = 1, high = 0;
        while (data.Length > 0)
        {
            var run = data[..Math.Min(AdlerRun, data.Length)];
            foreach (var value in run)
            {
                low += value;
                high += low;
            }

            (low, high) = (low % AdlerPrime, high % AdlerPrime);
            data = data[run.Length..];
        }

        return (high << 16) | low;
    }

    // The frame around the data of a chunk, which is there already.
    private static int FrameChunk(Span<byte> file, ReadOnlySpan<byte> type, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(file, length);
        type.CopyTo(file[4..]);
        BinaryPrimitives.WriteUInt32BigEndian(file[(8 + length)..], Crc32.Compute(file.Slice(4, 4 + length)));
        return ChunkFrame + length;
    }
}
