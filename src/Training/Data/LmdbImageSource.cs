using System.Text;
using Atelier.Training.Data.Lmdb;

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
