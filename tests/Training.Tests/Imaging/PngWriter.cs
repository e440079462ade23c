using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Atelier.Training.Tests.Imaging;

/// <summary>Writes PNG files of every kind the product reads and does not write (PNG specification, second edition).</summary>
internal static class PngWriter
{
    /// <summary>The colour type of a PNG header.</summary>
    public enum Kind
    {
        Grey = 0,
        Rgb = 2,
        Palette = 3,
        GreyAlpha = 4,
        Rgba = 6,
    }

    /// <summary>Encodes rows of samples as they are, big endian, unfiltered.</summary>
    public static byte[] Write(
        Kind kind, int bitDepth, int width, int height, byte[] rows, byte[]? palette = null, byte[]? transparency = null)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)bitDepth;
        header[9] = (byte)kind;
        Chunk(file, "IHDR", header);
        if (palette is not null)
            Chunk(file, "PLTE", palette);
        if (transparency is not null)
            Chunk(file, "tRNS", transparency);
        Chunk(file, "IDAT", Compress(Unfiltered(rows, height)));
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    /// <summary>Encodes lines of 8-bit samples, each behind the number of a filter: any bytes are a picture.</summary>
    public static byte[] WithLines(Kind kind, int width, int height, byte[] lines)
    {
        var file = Write(kind, 8, width, height, new byte[height]);
        var header = file[..33]; // signature and IHDR
        using var whole = new MemoryStream();
        whole.Write(header);
        Chunk(whole, "IDAT", Compress(lines));
        Chunk(whole, "IEND", []);
        return whole.ToArray();
    }

    /// <summary>The same file with another height in its header.</summary>
    public static byte[] WithHeight(byte[] file, int height)
    {
        var changed = file.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(changed.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(29), Crc(changed[12..29]));
        return changed;
    }

    /// <summary>The same file with its first IDAT chunk split in two.</summary>
    public static byte[] InTwoChunks(byte[] file)
    {
        var at = file.AsSpan().IndexOf("IDAT"u8);
        var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at - 4));
        using var split = new MemoryStream();
        split.Write(file.AsSpan(0, at - 4));
        Chunk(split, "IDAT", file[(at + 4)..(at + 4 + (length / 2))]);
        Chunk(split, "IDAT", file[(at + 4 + (length / 2))..(at + 4 + length)]);
        split.Write(file.AsSpan(at + 8 + length));
        return split.ToArray();
    }

    private static byte[] Unfiltered(byte[] rows, int height) =>
        [.. rows.Chunk(rows.Length / height).SelectMany(row => row.Prepend((byte)0))];

    private static byte[] Compress(byte[] lines)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(lines);
        return compressed.ToArray();
    }

    private static void Chunk(MemoryStream file, string type, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        }

        return ~crc;
    }
}
