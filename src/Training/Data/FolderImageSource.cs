using System.IO.Compression;

namespace Atelier.Training.Data;

/// <summary>The images in a folder and in the folders below it.</summary>
public sealed class FolderImageSource : ImageSource
{
    private readonly string _root;

    private FolderImageSource(string root, FolderListing listing)
    {
        _root = root;
        ImageNames = [.. listing.Files.Where(IsImage).Order(StringComparer.Ordinal)];
        Ignored = IgnoredFiles.Of(listing.Files.Where(name => !IsImage(name) && name != LabelFile).Select(name => (name, (string?)null))
            .Concat(listing.RepeatedLinks.Select(name => (name, (string?)"links to folders that are already listed"))));
    }

    /// <inheritdoc/>
    public override string Name => _root;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <inheritdoc/>
    public override IgnoredFiles Ignored { get; }

    /// <summary>Lists a folder; links to folders are followed.</summary>
    /// <exception cref="DatasetException">A folder may not be read, or a link leads to a folder that it lies in.</exception>
    public static new FolderImageSource Open(string path)
    {
        try
        {
            return new FolderImageSource(path, FolderListing.Of(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: the folder cannot be listed: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override byte[] Read(int index) => File.ReadAllBytes(Path.Combine(_root, ImageNames[index]));

    /// <inheritdoc/>
    public override string Stamp() =>
        string.Join('\n', ImageNames.Append(LabelFile).Select(name => Path.Combine(_root, name)).Where(File.Exists).Select(StampOf));

    /// <inheritdoc/>
    public override string? ReadLabels()
    {
        var path = Path.Combine(_root, LabelFile);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }
}

/// <summary>
/// All files below a folder. Links to folders are followed, after what lies in the folder itself, and every folder is
/// listed once, however many links lead to it.
/// </summary>
internal sealed class FolderListing
{
    private readonly string _root;
    private readonly List<string> _files = [];
    private readonly List<string> _repeated = [];
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    private readonly Queue<(string Name, string Real, string[] Around)> _links = new();

    private FolderListing(string root) => _root = root;

    /// <summary>Paths inside the folder, with <c>/</c>, in no order.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Links to folders that were listed under another path.</summary>
    public IReadOnlyList<string> RepeatedLinks => _repeated;

    /// <summary>Lists a folder.</summary>
    /// <exception cref="DatasetException">A link leads to a folder that it lies in.</exception>
    /// <exception cref="IOException">A folder cannot be listed.</exception>
    public static FolderListing Of(string root)
    {
        var listing = new FolderListing(root);
        listing.Walk("", RealPath(root), []);
        while (listing._links.TryDequeue(out var link))
        {
            if (listing._listed.Contains(link.Real))
                listing._repeated.Add(link.Name);
            else
                listing.Walk(link.Name, link.Real, link.Around);
        }

        return listing;
    }

    // `around`: the folders that hold the links on the way to this one.
    private void Walk(string name, string real, string[] around)
    {
        // Also where a link leads to the inside of what is listed, or to its outside.
        if (!_listed.Add(real))
            return;
        foreach (var entry in new DirectoryInfo(real).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var path = name.Length == 0 ? entry.Name : $"{name}/{entry.Name}";
            if (entry is not DirectoryInfo)
                _files.Add(path);
            else if (entry.LinkTarget is null)
                Walk(path, Path.Combine(real, entry.Name), around);
            else
                _links.Enqueue((path, Target(path, [.. around, real], entry), [.. around, real]));
        }
    }

    private string Target(string path, string[] around, FileSystemInfo link)
    {
        var target = RealPath(link.FullName);
        if (around.Any(folder => folder == target || folder.StartsWith(target.TrimEnd('/') + '/', StringComparison.Ordinal)))
        {
            throw new DatasetException(
                DatasetProblem.NotFound,
                $"{_root}: {path} is a link to {target}, a folder that contains it, so its images would be read over and over. Remove the link.");
        }

        return target;
    }

    // Without links in any of its parts.
    private static string RealPath(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
            return full;
        var info = new DirectoryInfo(Path.Combine(RealPath(parent), Path.GetFileName(full)));
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : info.FullName;
    }
}

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
        // An entry that ends in a slash is a folder.
        Ignored = IgnoredFiles.Of(archive.Entries.Select(NameOf).Where(name => !IsImage(name) && name != LabelFile && !name.EndsWith('/')).Select(name => (name, (string?)null)));
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IgnoredFiles Ignored { get; }

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
                throw new InvalidDataException("the zip file has less data for it than its directory says", e);
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
            $"{path}: not a complete zip file ({bytes:#,0} bytes): it is truncated, damaged, or not a zip file at all. "
            + "Copy or download it again and compare the sizes (`unzip -t` tests it), or pass a folder of images.",
            cause);
    }
}
