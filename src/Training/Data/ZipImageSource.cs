using System.IO.Compression;

namespace Atelier.Training.Data;

/// <summary>The images in a zip file.</summary>
public sealed class ZipImageSource : ImageSource
{
    private readonly ZipArchive _archive;
    private readonly ZipArchiveEntry[] _entries;

    // ZipArchive moves one file position: entries are read one at a time. What a read costs is small beside the
    // decoding of the image, which happens outside.
    private readonly Lock _reading = new();

    private ZipImageSource(string path, ZipArchive archive)
    {
        Name = path;
        _archive = archive;
        _entries = [.. archive.Entries.Where(e => IsImage(NameOf(e))).OrderBy(NameOf, StringComparer.Ordinal)];
        ImageNames = Array.ConvertAll(_entries, NameOf);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <summary>Opens a zip file and reads its directory.</summary>
    /// <exception cref="DatasetException">The file is no zip file, is cut short, or may not be read.</exception>
    public static new ZipImageSource Open(string path)
    {
        ZipArchive? archive = null;
        try
        {
            archive = ZipFile.OpenRead(path);
            return new ZipImageSource(path, archive);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            archive?.Dispose();
            throw Damaged(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            archive?.Dispose();
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: the file cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override byte[] Read(int index) => Read(_entries[index]);

    /// <inheritdoc/>
    public override string Stamp() => StampOf(Name);

    /// <inheritdoc/>
    public override string? ReadLabels()
    {
        if (_archive.GetEntry(LabelFile) is not { } entry)
            return null;
        try
        {
            return System.Text.Encoding.UTF8.GetString(Read(entry));
        }
        catch (InvalidDataException e)
        {
            throw Damaged(Name, e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _archive.Dispose();
        base.Dispose(disposing);
    }

    private byte[] Read(ZipArchiveEntry entry)
    {
        lock (_reading)
        {
            using var stream = entry.Open();
            var bytes = new byte[entry.Length];
            try
            {
                stream.ReadExactly(bytes);
            }
            catch (EndOfStreamException e)
            {
                throw new InvalidDataException("the zip file holds less of it than its directory says", e);
            }

            return bytes;
        }
    }

    private static string NameOf(ZipArchiveEntry entry) => entry.FullName.Replace('\\', '/');

    private static DatasetException Damaged(string path, Exception cause)
    {
        var bytes = new FileInfo(path).Length;
        return new DatasetException(
            DatasetProblem.DamagedArchive,
            $"{path}: not a whole zip file ({bytes:#,0} bytes): it is cut short or damaged, or something else altogether. "
            + "Copy or download it again and compare the sizes (`unzip -t` tests it), or pass the folder of images.",
            cause);
    }
}
