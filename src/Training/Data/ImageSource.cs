namespace Atelier.Training.Data;

/// <summary>Encoded images by name: where a dataset's files come from. Reading is safe from any number of threads.</summary>
public abstract class ImageSource : IDisposable
{
    /// <summary>The file beside the images that holds their labels.</summary>
    public const string LabelFile = "dataset.json";

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>What people call the dataset: its path.</summary>
    public abstract string Name { get; }

    /// <summary>The images' paths inside the dataset, with <c>/</c> between folders, in ordinal order.</summary>
    public abstract IReadOnlyList<string> ImageNames { get; }

    /// <summary>Opens a dataset of any kind: a folder, a zip file, LSUN's LMDB, CIFAR-10 or MNIST, told apart by their files.</summary>
    /// <exception cref="DatasetException">There is no such thing, it may not be read, or it is damaged.</exception>
    public static ImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Path.Exists(path))
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: no such folder or zip file. Pass the folder or the file that holds the images.");
        if (LmdbImageSource.IsAt(path))
            return LmdbImageSource.Open(path);
        if (CifarImageSource.IsAt(path))
            return CifarImageSource.Open(path);
        if (MnistImageSource.IsAt(path))
            return MnistImageSource.Open(path);
        return Directory.Exists(path) ? FolderImageSource.Open(path) : ZipImageSource.Open(path);
    }

    /// <summary>The encoded bytes of one image.</summary>
    /// <param name="index">Its index in <see cref="ImageNames"/>.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">The archive is damaged there.</exception>
    public abstract byte[] Read(int index);

    /// <summary>The text of <see cref="LabelFile"/>; null if there is none.</summary>
    public abstract string? ReadLabels();

    /// <summary>
    /// A text that changes when the files do, without reading them: names, lengths and times of writing. An interrupted
    /// conversion goes on only from a source of the same stamp.
    /// </summary>
    public virtual string Stamp() => string.Join('\n', ImageNames.Prepend(Name));

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what is open.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>The part of <see cref="Stamp"/> that tells of a file; of a folder, of the files in it.</summary>
    protected static string StampOf(string path) => string.Join('\n', Directory.Exists(path)
        ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Select(StampOf)
        : [$"{Path.GetFullPath(path)} {new FileInfo(path).Length} {File.GetLastWriteTimeUtc(path).Ticks}"]);

    /// <summary>
    /// Whether a path is an image's: by extension, and not hidden (<c>.thumbnails/…</c>, <c>__MACOSX/…</c>, where
    /// desktops leave things that end in <c>.png</c>).
    /// </summary>
    protected static bool IsImage(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
            && !name.Split('/').Any(part => part.StartsWith('.') || part == "__MACOSX");
    }
}
