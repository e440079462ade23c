using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using Atelier.Training.Data.Archives;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// CIFAR-10 as it is published, binary or for Python, packed or unpacked: the five training files, or the one file that
/// is named. Classes are its labels. Pickles are read and never executed.
/// </summary>
public sealed class CifarImageSource : ImageSource
{
    private const int TrainingFiles = 5;
    private const string BinarySuffix = ".bin";

    // Twice the largest file there is: an archive may state any length.
    private const long MostFileBytes = 64_000_000;

    private readonly (CifarBatch Batch, int Index)[] _images;

    private CifarImageSource(string path, IReadOnlyList<CifarBatch> batches)
    {
        Name = path;
        _images = [.. batches.SelectMany(b => Enumerable.Range(0, b.Classes.Length).Select(i => (b, i)))];
        ImageNames = Array.ConvertAll(_images, image => NameOf(image.Batch, image.Index));
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <summary>Reads the images into memory (150 MB for all).</summary>
    /// <param name="path">A folder with <c>data_batch_1</c> or <c>data_batch_1.bin</c> in it, a packed one, or one such file.</param>
    /// <exception cref="DatasetException">A file is missing, damaged or of another kind, or may not be read.</exception>
    public static new CifarImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ArchiveFile.Open(path, () => new CifarImageSource(
            path,
            Directory.Exists(path) ? Training(Unpacked(path))
            : IsPacked(path) ? Training(Packed(path))
            : [Read(Path.GetFileName(path), File.ReadAllBytes(path))]));
    }

    /// <inheritdoc/>
    public override byte[] Read(int index)
    {
        var (batch, at) = _images[index];
        return StoredPng.Encode(batch.Planes(at), ImageSize.Square(CifarBatch.Side));
    }

    /// <inheritdoc/>
    public override string? ReadLabels() => LabelJson.Write(ImageNames, _images.Select(image => LabelJson.Class(image.Batch.Classes[image.Index])));

    /// <inheritdoc/>
    public override string Stamp() => StampOf(Name);

    /// <summary>Whether a folder or file is CIFAR-10, by the names of its files.</summary>
    internal static bool IsAt(string path) => Directory.Exists(path)
        ? File.Exists(Path.Combine(path, TrainingFile(1))) || File.Exists(Path.Combine(path, TrainingFile(1) + BinarySuffix))
        : IsPacked(path) || IsBatch(Path.GetFileName(path));

    private static bool IsPacked(string path) =>
        path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    private static bool IsBatch(string name) =>
        (name.StartsWith("data_batch_", StringComparison.Ordinal) || name.StartsWith("test_batch", StringComparison.Ordinal))
        && Path.GetExtension(name) is "" or BinarySuffix;

    private static string TrainingFile(int number) => string.Create(CultureInfo.InvariantCulture, $"data_batch_{number}");

    private static string NameOf(CifarBatch batch, int index) => string.Create(CultureInfo.InvariantCulture, $"{batch.Name}/{index:00000}.png");

    private static CifarBatch Read(string name, byte[] file) => name.EndsWith(BinarySuffix, StringComparison.Ordinal)
        ? CifarBatch.FromBinary(name, file)
        : CifarBatch.FromPickle(name, file);

    private static List<CifarBatch> Training(IEnumerable<(string Name, byte[] File)> files)
    {
        var batches = files.Select(f => Read(f.Name, f.File)).OrderBy(b => b.Name, StringComparer.Ordinal).ToList();
        for (var i = 1; i <= TrainingFiles; i++)
        {
            if (batches.Count(b => b.Name == TrainingFile(i)) != 1)
                throw new InvalidDataException($"it is no whole CIFAR-10: it has {batches.Count(b => b.Name == TrainingFile(i))} files {TrainingFile(i)}, and one is needed");
        }

        return batches;
    }

    private static IEnumerable<(string Name, byte[] File)> Unpacked(string folder) => Directory.EnumerateFiles(folder)
        .Where(file => IsTraining(Path.GetFileName(file)))
        .Select(file => (Path.GetFileName(file), File.ReadAllBytes(file)));

    private static IEnumerable<(string Name, byte[] File)> Packed(string path)
    {
        using var file = File.OpenRead(path);
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var archive = new TarReader(unzipped);
        while (archive.GetNextEntry() is { } entry)
        {
            var name = Path.GetFileName(entry.Name);
            if (!IsTraining(name) || entry.DataStream is not { } data)
                continue;
            if (entry.Length > MostFileBytes)
                throw new InvalidDataException($"{entry.Name} has {entry.Length:#,0} bytes, and CIFAR-10's files have half of {MostFileBytes:#,0}");
            var content = new byte[entry.Length];
            data.ReadExactly(content);
            yield return (name, content);
        }
    }

    private static bool IsTraining(string name) => IsBatch(name) && name.StartsWith("data_batch_", StringComparison.Ordinal);
}
