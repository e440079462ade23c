namespace Atelier.Training.Data;

/// <summary>Encoded images by name: where a dataset's files come from. Reading is safe from any number of threads.</summary>
public abstract class ImageSource : IDisposable
{
    /// <summary>The file beside the images that holds their labels.</summary>
    public const string LabelFile = "dataset.json";

    /// <summary>What can be opened, for messages.</summary>
    internal const string WhatIsRead = "Atelier reads PNG, JPEG, WebP, BMP, TIFF and GIF files, also in subfolders, and LSUN's LMDB, CIFAR-10 and MNIST.";

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"];

    /// <summary>What people call the dataset: its path.</summary>
    public abstract string Name { get; }

    /// <summary>The images' paths inside the dataset, with <c>/</c> between folders, in ordinal order.</summary>
    public abstract IReadOnlyList<string> ImageNames { get; }

    /// <summary>Files beside the images that are left out.</summary>
    public virtual IgnoredFiles Ignored => IgnoredFiles.None;

    /// <summary>Opens a dataset of any kind: a folder, a zip file, LSUN's LMDB, CIFAR-10 or MNIST, told apart by their files.</summary>
    /// <exception cref="DatasetException">There is no such thing, it may not be read, or it is damaged.</exception>
    public static ImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Path.Exists(path))
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: no such folder or zip file. Pass the folder or zip file that contains the images.");
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

/// <summary>Images in memory: generated datasets.</summary>
public sealed class MemoryImageSource : ImageSource
{
    private readonly byte[][] _encoded;
    private readonly string? _labels;

    /// <summary>Creates a source.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="images">Encoded images (PNG, JPEG, WebP) by name; the order does not matter.</param>
    /// <param name="labels">The text of a <c>dataset.json</c>, or null.</param>
    public MemoryImageSource(string name, IEnumerable<KeyValuePair<string, byte[]>> images, string? labels = null)
    {
        Name = name;
        _labels = labels;
        var ordered = images.OrderBy(i => i.Key, StringComparer.Ordinal).ToArray();
        ImageNames = Array.ConvertAll(ordered, i => i.Key);
        _encoded = Array.ConvertAll(ordered, i => i.Value);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <inheritdoc/>
    public override byte[] Read(int index) => _encoded[index];

    /// <inheritdoc/>
    public override string? ReadLabels() => _labels;
}

/// <summary>What opening any file that holds many images has in common: how its failures are told.</summary>
internal static class ArchiveFile
{
    private const int BeginningBytes = 64;

    /// <summary>The first bytes of a file, by which its kind is told; fewer if it is shorter, none if it may not be read.</summary>
    public static byte[] Beginning(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[BeginningBytes];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Opens a file, and names it where that fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="open">Opens it.</param>
    /// <exception cref="DatasetException">It is damaged, is not what it should be, or may not be read.</exception>
    public static T Open<T>(string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DatasetException(
                DatasetProblem.DamagedArchive,
                $"{path}: {e.Message.TrimEnd('.')}. Copy or download it again and compare the sizes or checksums.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: the file cannot be read: {e.Message}", e);
        }
    }
}
