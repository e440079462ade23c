using System.Buffers.Binary;
using System.IO.Hashing;
using System.Globalization;
using System.Text;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>
/// A zip file under construction, entries stored as they are (PKWARE APPNOTE 6.3, zip64 where it is needed). Its bytes
/// depend on names and contents alone. What an interrupted writer left can be taken up: every entry carries its length and
/// checksum in front of it, so the whole ones are known, and what follows them is cut off.
/// </summary>
internal sealed class StoredZip
{
    private const uint EntrySignature = 0x04034B50;
    private const uint DirectorySignature = 0x02014B50;
    private const uint EndSignature = 0x06054B50;
    private const uint End64Signature = 0x06064B50;
    private const uint Locator64Signature = 0x07064B50;
    private const int EntryHeaderBytes = 30;
    private const int DirectoryHeaderBytes = 46;
    private const ushort Utf8Names = 1 << 11;
    private const ushort Version = 20;
    private const ushort Version64 = 45;
    private const ushort UnixFile = 3 << 8;
    private const uint ReadableByAll = (0x8000u | 0x1A4u) << 16; // -rw-r--r--

    // 1 January 1980, the first day that the format knows: a conversion leaves no trace of when it was made.
    private const uint Time = 0x00210000;

    private readonly Stream _stream;
    private readonly List<Entry> _entries = [];

    private StoredZip(Stream stream) => _stream = stream;

    /// <summary>Names of the entries, in their order.</summary>
    public IReadOnlyList<string> Names => [.. _entries.Select(e => e.Name)];

    /// <summary>Begins a file, or goes on with what there is of one.</summary>
    /// <param name="stream">The file: read, written and cut from where it stands; empty from there for a new one.</param>
    /// <param name="accept">Whether an entry of what there is, by name and content, is kept; the first that is not ends it.</param>
    public static StoredZip Open(Stream stream, Func<string, byte[], bool> accept)
    {
        var zip = new StoredZip(stream);
        var end = stream.Position;
        while (zip.ReadEntry(out var entry, out var content) && accept(entry.Name, content))
        {
            zip._entries.Add(entry);
            end = stream.Position;
        }

        stream.SetLength(end);
        stream.Position = end;
        return zip;
    }

    /// <summary>Appends an entry.</summary>
    /// <param name="name">Its path, with <c>/</c>.</param>
    /// <param name="content">Its bytes.</param>
    public void Add(string name, ReadOnlySpan<byte> content)
    {
        var entry = new Entry(name, Crc32.HashToUInt32(content), content.Length, _stream.Position);
        var encoded = Encoding.UTF8.GetBytes(name);
        Span<byte> header = stackalloc byte[EntryHeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, EntrySignature);
        WriteFacts(header[4..], entry, encoded.Length, Version);
        _stream.Write(header);
        _stream.Write(encoded);
        _stream.Write(content);
        _entries.Add(entry);
    }

    /// <summary>Writes the directory; nothing can be added behind it.</summary>
    public void Finish()
    {
        var start = _stream.Position;
        foreach (var entry in _entries)
            WriteDirectoryEntry(entry);
        var length = _stream.Position - start;
        if (_entries.Count >= ushort.MaxValue || start >= uint.MaxValue || length >= uint.MaxValue)
            WriteEnd64(start, length);
        Span<byte> end = stackalloc byte[22];
        BinaryPrimitives.WriteUInt32LittleEndian(end, EndSignature);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)Math.Min(_entries.Count, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)Math.Min(_entries.Count, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)Math.Min(length, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)Math.Min(start, uint.MaxValue));
        _stream.Write(end);
    }

    // False where no whole entry begins: at the end, at the directory, or at what was being written when it stopped.
    private bool ReadEntry(out Entry entry, out byte[] content)
    {
        (entry, content) = (new Entry("", 0, 0, _stream.Position), []);
        Span<byte> header = stackalloc byte[EntryHeaderBytes];
        if (!TryRead(header) || BinaryPrimitives.ReadUInt32LittleEndian(header) != EntrySignature)
            return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[22..]);
        var name = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header[26..])];
        if (length < 0 || length > _stream.Length - _stream.Position || !TryRead(name))
            return false;
        content = new byte[length];
        entry = new Entry(Encoding.UTF8.GetString(name), BinaryPrimitives.ReadUInt32LittleEndian(header[14..]), length, entry.Offset);
        return TryRead(content) && Crc32.HashToUInt32(content) == entry.Crc;
    }

    private bool TryRead(Span<byte> bytes) => _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;

    private void WriteDirectoryEntry(Entry entry)
    {
        var encoded = Encoding.UTF8.GetBytes(entry.Name);
        var far = entry.Offset >= uint.MaxValue;
        Span<byte> header = stackalloc byte[DirectoryHeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, DirectorySignature);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], UnixFile | Version64);
        WriteFacts(header[6..], entry, encoded.Length, far ? Version64 : Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[30..], (ushort)(far ? 12 : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(header[38..], ReadableByAll);
        BinaryPrimitives.WriteUInt32LittleEndian(header[42..], (uint)Math.Min(entry.Offset, uint.MaxValue));
        _stream.Write(header);
        _stream.Write(encoded);
        if (!far)
            return;
        Span<byte> extra = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16LittleEndian(extra, 1); // zip64: here, the offset alone
        BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], sizeof(long));
        BinaryPrimitives.WriteInt64LittleEndian(extra[4..], entry.Offset);
        _stream.Write(extra);
    }

    // What both headers of an entry have in common, from the version needed to the length of the name.
    private static void WriteFacts(Span<byte> header, Entry entry, int nameLength, ushort version)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], Utf8Names);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 0); // stored
        BinaryPrimitives.WriteUInt32LittleEndian(header[6..], Time);
        BinaryPrimitives.WriteUInt32LittleEndian(header[10..], entry.Crc);
        BinaryPrimitives.WriteInt32LittleEndian(header[14..], entry.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[18..], entry.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], (ushort)nameLength);
    }

    private void WriteEnd64(long start, long length)
    {
        var at = _stream.Position;
        Span<byte> end = stackalloc byte[56];
        BinaryPrimitives.WriteUInt32LittleEndian(end, End64Signature);
        BinaryPrimitives.WriteInt64LittleEndian(end[4..], end.Length - 12);
        BinaryPrimitives.WriteUInt16LittleEndian(end[12..], UnixFile | Version64);
        BinaryPrimitives.WriteUInt16LittleEndian(end[14..], Version64);
        BinaryPrimitives.WriteInt64LittleEndian(end[24..], _entries.Count);
        BinaryPrimitives.WriteInt64LittleEndian(end[32..], _entries.Count);
        BinaryPrimitives.WriteInt64LittleEndian(end[40..], length);
        BinaryPrimitives.WriteInt64LittleEndian(end[48..], start);
        _stream.Write(end);
        Span<byte> locator = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(locator, Locator64Signature);
        BinaryPrimitives.WriteInt64LittleEndian(locator[8..], at);
        BinaryPrimitives.WriteInt32LittleEndian(locator[16..], 1);
        _stream.Write(locator);
    }

    private readonly record struct Entry(string Name, uint Crc, int Length, long Offset);
}

/// <summary>Where the published datasets keep image n: <c>00012/img00012345.png</c>, a folder a thousand.</summary>
internal static class PackedName
{
    private const int DigitsAt = 9;
    private const int Digits = 8;
    private const int FolderDigits = 5;
    private const int MostImages = 100_000_000;

    /// <summary>The path of an image.</summary>
    /// <param name="index">Its position in the source.</param>
    public static string Of(int index)
    {
        if (index is < 0 or >= MostImages)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The published layout has room for {MostImages:#,0} images.");
        var digits = index.ToString("00000000", CultureInfo.InvariantCulture);
        return $"{digits[..FolderDigits]}/img{digits}.png";
    }

    /// <summary>The image that a path belongs to; null if it is no such path.</summary>
    public static int? IndexOf(string path) =>
        path.Length == DigitsAt + Digits + ".png".Length
        && int.TryParse(path.AsSpan(DigitsAt, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && path == Of(index) ? index : null;
}
