using System.Buffers.Binary;

namespace Atelier.Training.Data;

/// <summary>A key of a database, and where its value lies.</summary>
/// <param name="Key">The key's bytes.</param>
/// <param name="Offset">The first byte of the value in the file.</param>
/// <param name="Length">The value's length in bytes.</param>
internal readonly record struct LmdbEntry(byte[] Key, long Offset, int Length);

/// <summary>A meta page of an LMDB file (data version 1, 64 bits, little endian): where its newest tree begins.</summary>
/// <param name="PageBytes">Size of a page.</param>
/// <param name="Transaction">The transaction that wrote it; the higher of two meta pages holds.</param>
/// <param name="Entries">Keys in the main database.</param>
/// <param name="Depth">Levels of its tree.</param>
/// <param name="Root">Its root page, -1 for an empty database.</param>
/// <param name="DatabaseFlags">Its flags; 0 for a plain one.</param>
internal sealed record LmdbHeader(int PageBytes, long Transaction, long Entries, int Depth, long Root, int DatabaseFlags)
{
    /// <summary>Bytes of a page's header, which the meta data follows.</summary>
    public const int PageHeaderBytes = 16;

    /// <summary>Bytes from the beginning of a meta page that <see cref="Parse"/> needs.</summary>
    public const int Bytes = PageHeaderBytes + 136;

    private const uint Magic = 0xBEEFC0DE;
    private const uint Version = 1;
    private const int LeastPage = 256;
    private const int MostPage = 65536;

    // Behind magic, version, address and map size come the descriptions of two databases: free pages, and the main one.
    private const int FreeDatabase = PageHeaderBytes + 24;
    private const int MainDatabase = FreeDatabase + 48;

    /// <summary>Whether a file that begins like this is an LMDB file.</summary>
    public static bool IsAt(ReadOnlySpan<byte> page) =>
        page.Length >= PageHeaderBytes + 8 && BinaryPrimitives.ReadUInt32LittleEndian(page[PageHeaderBytes..]) == Magic;

    /// <summary>Reads a meta page.</summary>
    /// <param name="page">At least <see cref="Bytes"/> of it.</param>
    /// <returns>Null if it is none.</returns>
    /// <exception cref="InvalidDataException">It is one of another version, or its values make no sense.</exception>
    public static LmdbHeader? Parse(ReadOnlySpan<byte> page)
    {
        if (page.Length < Bytes || !IsAt(page))
            return null;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(page[(PageHeaderBytes + 4)..]);
        if (version != Version)
            throw new InvalidDataException($"it has LMDB data version {version}; only version {Version} can be read");
        // The page size is kept in a field of the database of free pages.
        var pageBytes = BinaryPrimitives.ReadInt32LittleEndian(page[FreeDatabase..]);
        if (pageBytes is < LeastPage or > MostPage || !int.IsPow2(pageBytes))
            throw new InvalidDataException($"it claims pages of {pageBytes} bytes");
        var main = page[MainDatabase..];
        return new LmdbHeader(
            pageBytes,
            BinaryPrimitives.ReadInt64LittleEndian(page[(MainDatabase + 48 + 8)..]),
            BinaryPrimitives.ReadInt64LittleEndian(main[32..]),
            BinaryPrimitives.ReadUInt16LittleEndian(main[6..]),
            BinaryPrimitives.ReadInt64LittleEndian(main[40..]),
            BinaryPrimitives.ReadUInt16LittleEndian(main[4..]));
    }
}

/// <summary>A page of an LMDB tree, read without trusting it: every offset is checked before it is followed.</summary>
internal readonly ref struct LmdbPage
{
    private const int NodeHeaderBytes = 8;
    private const int BranchFlag = 0x01;
    private const int LeafFlag = 0x02;
    private const int OverflowFlag = 0x04;
    private const int FixedKeysFlag = 0x20;
    private const int BigValueFlag = 0x01;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _flags;

    /// <summary>Looks at a page.</summary>
    /// <param name="bytes">The whole page.</param>
    /// <param name="number">The number it must state.</param>
    /// <exception cref="InvalidDataException">It is another page, or its list of nodes runs out of it.</exception>
    public LmdbPage(ReadOnlySpan<byte> bytes, long number)
    {
        _bytes = bytes;
        Number = number;
        _flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        var stated = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        if (stated != number)
            throw new InvalidDataException($"it has page {number} replaced by page {stated}");
        if (IsOverflow)
            return;
        var end = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]);
        if (end < LmdbHeader.PageHeaderBytes || end > bytes.Length || end % 2 != 0 || (_flags & FixedKeysFlag) != 0)
            throw new InvalidDataException($"page {number} has an invalid list of nodes");
        Count = (end - LmdbHeader.PageHeaderBytes) / 2;
    }

    /// <summary>Its number.</summary>
    public long Number { get; }

    /// <summary>Nodes in it.</summary>
    public int Count { get; }

    /// <summary>Whether its nodes point at pages.</summary>
    public bool IsBranch => (_flags & BranchFlag) != 0;

    /// <summary>Whether its nodes are keys with their values.</summary>
    public bool IsLeaf => (_flags & LeafFlag) != 0;

    /// <summary>Whether it begins a value that is larger than a page holds.</summary>
    public bool IsOverflow => (_flags & OverflowFlag) != 0;

    /// <summary>The page that a node of a branch points at: 48 bits, the upper ones where a leaf has flags.</summary>
    public long Child(int index)
    {
        var node = Node(index);
        return BinaryPrimitives.ReadUInt32LittleEndian(node) | ((long)BinaryPrimitives.ReadUInt16LittleEndian(node[4..]) << 32);
    }

    /// <summary>A node of a leaf: its key, and its value in this page or (with a page number) elsewhere.</summary>
    /// <param name="index">Which.</param>
    /// <param name="offset">Where its value begins in this page; without meaning for a value elsewhere.</param>
    /// <param name="length">The value's length in bytes.</param>
    /// <param name="overflow">The page that the value begins at; null if it lies in this page.</param>
    public ReadOnlySpan<byte> Key(int index, out int offset, out int length, out long? overflow)
    {
        var node = Node(index);
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(node[4..]);
        if ((flags & ~BigValueFlag) != 0)
            throw new InvalidDataException($"page {Number} has nested databases, which image sets do not have");
        var keyLength = BinaryPrimitives.ReadUInt16LittleEndian(node[6..]);
        var stated = BinaryPrimitives.ReadUInt32LittleEndian(node);
        var behind = NodeHeaderBytes + keyLength;
        var inPage = (flags & BigValueFlag) != 0 ? sizeof(long) : stated;
        if (behind + inPage > node.Length || stated > int.MaxValue)
            throw new InvalidDataException($"a node of page {Number} extends beyond the page");
        offset = _bytes.Length - node.Length + behind;
        length = (int)stated;
        overflow = (flags & BigValueFlag) != 0 ? BinaryPrimitives.ReadInt64LittleEndian(node[behind..]) : null;
        return node.Slice(NodeHeaderBytes, keyLength);
    }

    // From the node to the end of the page.
    private ReadOnlySpan<byte> Node(int index)
    {
        int at = BinaryPrimitives.ReadUInt16LittleEndian(_bytes[(LmdbHeader.PageHeaderBytes + (2 * index))..]);
        if (at < LmdbHeader.PageHeaderBytes + (2 * Count) || at + NodeHeaderBytes > _bytes.Length)
            throw new InvalidDataException($"a node of page {Number} lies outside the page");
        return _bytes[at..];
    }
}
