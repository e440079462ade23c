using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Atelier.Training.Tests.Data;

/// <summary>Small CIFAR-10s in the forms that are published: image i is filled with i, its class is i mod 10.</summary>
internal static class CifarFiles
{
    public const int ImageBytes = 3072;

    public static byte[] Binary(int first, int count) =>
        [.. Enumerable.Range(first, count).SelectMany(i => Enumerable.Repeat((byte)i, ImageBytes).Prepend((byte)(i % 10)))];

    /// <summary>A file of the Python version, opcode for opcode as Python 2 pickled it.</summary>
    public static byte[] Pickle(int first, int count, byte[]? instead = null, int? labels = null)
    {
        using var file = new MemoryStream();
        void Bytes(params byte[] bytes) => file.Write(bytes);
        void Short(string text) => Bytes([(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)]);
        void Int16(int value) => Bytes((byte)'M', (byte)value, (byte)(value >> 8));
        void Int32(byte opcode, int value)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(number, value);
            Bytes([opcode, .. number]);
        }
        void Global(string module, string name) => Bytes([(byte)'c', .. Encoding.ASCII.GetBytes($"{module}\n{name}\n")]);

        Bytes(0x80, 2, (byte)'}', (byte)'q', 1, (byte)'(');
        Short("batch_label");
        Bytes((byte)'q', 2);
        Short("training batch 1 of 5");
        Bytes((byte)'q', 3);
        Short("labels");
        Bytes((byte)'q', 4, (byte)']', (byte)'q', 5, (byte)'(');
        for (var i = first; i < first + (labels ?? count); i++)
            Bytes((byte)'K', (byte)(i % 10));
        Bytes((byte)'e');
        Short("data");
        Bytes((byte)'q', 6);
        if (instead is not null)
            Bytes(instead);
        Global("numpy.core.multiarray", "_reconstruct");
        Bytes((byte)'q', 7);
        Global("numpy", "ndarray");
        Bytes((byte)'q', 8, (byte)'K', 0, 0x85, (byte)'q', 9);
        Short("b");
        Bytes(0x87, (byte)'R', (byte)'q', 10, (byte)'(', (byte)'K', 1);
        Int16(count);
        Int16(ImageBytes);
        Bytes(0x86);
        Global("numpy", "dtype");
        Short("u1");
        Bytes((byte)'K', 0, (byte)'K', 1, 0x87, (byte)'R', (byte)'q', 11, (byte)'(', (byte)'K', 3);
        Short("|");
        Bytes((byte)'N', (byte)'N', (byte)'N');
        Int32((byte)'J', -1);
        Int32((byte)'J', -1);
        Bytes((byte)'K', 0, (byte)'t', (byte)'b', 0x89);
        Int32((byte)'T', count * ImageBytes);
        for (var i = first; i < first + count; i++)
            Bytes([.. Enumerable.Repeat((byte)i, ImageBytes)]);
        Bytes((byte)'t', (byte)'b');
        Short("filenames");
        Bytes((byte)']', (byte)'r', 12, 0, 0, 0);
        Short("a.png");
        Bytes((byte)'a', (byte)'u', (byte)'.');
        return file.ToArray();
    }

    /// <summary>The five training files (two images each), a test file and the list of classes.</summary>
    public static Dictionary<string, byte[]> Set(bool python)
    {
        var files = Enumerable.Range(1, 5).ToDictionary(
            batch => $"data_batch_{batch}{(python ? "" : ".bin")}", batch => python ? Pickle((batch - 1) * 2, 2) : Binary((batch - 1) * 2, 2));
        files[python ? "test_batch" : "test_batch.bin"] = python ? Pickle(200, 2) : Binary(200, 2);
        files[python ? "batches.meta" : "batches.meta.txt"] = "airplane"u8.ToArray();
        return files;
    }

    public static byte[] Packed(Dictionary<string, byte[]> files)
    {
        using var packed = new MemoryStream();
        using (var zipped = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(zipped, TarEntryFormat.Ustar))
        {
            // In no particular order, as archives are.
            foreach (var (name, content) in files.Reverse())
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"cifar-10-batches-py/{name}") { DataStream = new MemoryStream(content) });
        }

        return packed.ToArray();
    }
}
