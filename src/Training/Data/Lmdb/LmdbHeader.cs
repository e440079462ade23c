using System.Buffers.Binary;

namespace Atelier.Training.Data.Lmdb;

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
            throw new InvalidDataException($"it is of LMDB's data version {version}, and only version {Version} is read");
        // The page size is kept in a field of the database of free pages.
        var pageBytes = BinaryPrimitives.ReadInt32LittleEndian(page[FreeDatabase..]);
        if (pageBytes is < LeastPage or > MostPage || !int.IsPow2(pageBytes))
            throw new InvalidDataException($"it states pages of {pageBytes} bytes");
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
