using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Atelier.Training.Data;

/// <summary>The images of an LMDB database as LSUN is published: every value is an encoded image, under a key of its own.</summary>
public sealed class LmdbImageSource : ImageSource
{
    private readonly LmdbFile _file;
    private readonly string _path;

    private LmdbImageSource(string name, string path, LmdbFile file)
    {
        Name = name;
        _path = path;
        _file = file;
        // LSUN's keys are hexadecimal text. Where any key is no plain text, all are written as hexadecimal digits, which
        // keeps their order.
        var plain = file.Entries.All(e => e.Key.Length > 0 && e.Key.All(b => b is > (byte)' ' and < 127));
        ImageNames = [.. file.Entries.Select(e => plain ? Encoding.ASCII.GetString(e.Key) : Convert.ToHexStringLower(e.Key))];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <summary>Opens a database and lists its keys.</summary>
    /// <param name="path">The folder with <c>data.mdb</c>, or that file.</param>
    /// <exception cref="DatasetException">It is no such database, is cut short or damaged, or may not be read.</exception>
    public static new LmdbImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = Directory.Exists(path) ? Path.Combine(path, LmdbFile.FileName) : path;
        return ArchiveFile.Open(file, () => new LmdbImageSource(path, file, LmdbFile.Open(file)));
    }

    /// <inheritdoc/>
    public override byte[] Read(int index) => _file.Read(_file.Entries[index]);

    /// <inheritdoc/>
    public override string? ReadLabels() => null;

    /// <inheritdoc/>
    public override string Stamp() => StampOf(_path);

    /// <summary>Whether a folder or file is such a database.</summary>
    internal static bool IsAt(string path) => Directory.Exists(path)
        ? File.Exists(Path.Combine(path, LmdbFile.FileName))
        : LmdbHeader.IsAt(ArchiveFile.Beginning(path));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>
/// The main database of an LMDB file, read without the library: all keys in their order, and values by position. Opening
/// walks the whole tree and checks that every value lies inside the file, so that one cut short is found then and not
/// after a night of reading. Reading is safe from any number of threads.
/// </summary>
internal sealed class LmdbFile : IDisposable
{
    /// <summary>The name of the file inside the folder that people call the database.</summary>
    public const string FileName = "data.mdb";

    // A tree of pages with at least two nodes each cannot be deeper within 2⁶⁴ bytes; a loop of pages would be.
    private const int MostDepth = 64;

    private readonly SafeFileHandle _file;
    private readonly LmdbHeader _header;
    private readonly long _length;
    private readonly List<LmdbEntry> _entries = [];
    private long _pages;

    private LmdbFile(SafeFileHandle file)
    {
        _file = file;
        _length = RandomAccess.GetLength(file);
        _header = ReadHeader();
        if (_header.DatabaseFlags != 0)
            throw new InvalidDataException($"it is not the kind of database that image sets use (flags {_header.DatabaseFlags:x})");
        if (_header.Entries < 0 || _header.Depth > MostDepth)
            throw new InvalidDataException($"it claims {_header.Entries} entries on {_header.Depth} levels");
        if (_header.Root != -1)
            Walk(_header.Root, _header.Depth);
        if (_entries.Count != _header.Entries)
            throw new InvalidDataException($"it claims {_header.Entries:#,0} entries but has {_entries.Count:#,0}");
    }

    /// <summary>Its entries in the order of their keys.</summary>
    public IReadOnlyList<LmdbEntry> Entries => _entries;

    /// <summary>Opens a file and lists its keys.</summary>
    /// <exception cref="InvalidDataException">It is no LMDB file of the kind that is read, is cut short, or damaged.</exception>
    public static LmdbFile Open(string path)
    {
        var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            return new LmdbFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The value of an entry.</summary>
    public byte[] Read(LmdbEntry entry)
    {
        var value = GC.AllocateUninitializedArray<byte>(entry.Length);
        ReadExactly(value, entry.Offset);
        return value;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private LmdbHeader ReadHeader()
    {
        var first = ReadHeader(0) ?? throw new InvalidDataException(
            _length == 0 ? "it is empty" : "it is not an LMDB file: its first page is not an LMDB page");
        var second = ReadHeader(first.PageBytes);
        return second is not null && second.Transaction > first.Transaction ? second : first;
    }

    private LmdbHeader? ReadHeader(long offset)
    {
        var page = new byte[LmdbHeader.Bytes];
        ReadExactly(page, offset);
        return LmdbHeader.Parse(page);
    }

    private void Walk(long number, int levels)
    {
        // Pages that point at each other in a circle show here, before memory or patience runs out.
        if (levels <= 0 || ++_pages > _length / _header.PageBytes || _entries.Count > _header.Entries)
            throw new InvalidDataException($"its tree does not end where it should (page {number})");
        var bytes = new byte[_header.PageBytes];
        ReadExactly(bytes, Offset(number));
        var page = new LmdbPage(bytes, number);
        if (page.IsBranch)
        {
            for (var i = 0; i < page.Count; i++)
                Walk(page.Child(i), levels - 1);
        }
        else if (page.IsLeaf)
        {
            for (var i = 0; i < page.Count; i++)
                AddEntry(page, i);
        }
        else
        {
            throw new InvalidDataException($"page {number} is neither a branch nor a leaf");
        }
    }

    private void AddEntry(LmdbPage page, int index)
    {
        var key = page.Key(index, out var at, out var length, out var overflow);
        var offset = overflow is { } first ? Offset(first) + LmdbHeader.PageHeaderBytes : Offset(page.Number) + at;
        if (offset + length > _length)
            throw CutShort(offset + length);
        _entries.Add(new LmdbEntry(key.ToArray(), offset, length));
    }

    private long Offset(long page) => page >= 0 && page <= long.MaxValue / MostDepth / _header.PageBytes
        ? page * _header.PageBytes
        : throw new InvalidDataException($"it points at page {page}");

    private void ReadExactly(Span<byte> bytes, long offset)
    {
        var end = offset + bytes.Length;
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(_file, bytes, offset);
            if (read == 0)
                throw CutShort(end);
            bytes = bytes[read..];
            offset += read;
        }
    }

    private InvalidDataException CutShort(long needed) =>
        new($"it is truncated: it has {_length:#,0} bytes, but should have at least {needed:#,0}");
}
