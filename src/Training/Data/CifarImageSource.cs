using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using Atelier.Training.Imaging;
using Atelier.Training.Pickles;

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
        return ImageCodec.EncodeStoredPng(batch.Planes(at), ImageSize.Square(CifarBatch.Side));
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
                throw new InvalidDataException($"it is not a complete CIFAR-10: it has {batches.Count(b => b.Name == TrainingFile(i))} files {TrainingFile(i)}, but needs exactly one");
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
                throw new InvalidDataException($"{entry.Name} has {entry.Length:#,0} bytes, but CIFAR-10's files have half of {MostFileBytes:#,0}");
            var content = new byte[entry.Length];
            data.ReadExactly(content);
            yield return (name, content);
        }
    }

    private static bool IsTraining(string name) => IsBatch(name) && name.StartsWith("data_batch_", StringComparison.Ordinal);
}

/// <summary>A file of CIFAR-10: images of 32×32 and their classes.</summary>
/// <param name="Name">What it is called in the archive, without an ending.</param>
/// <param name="Pixels">uint8 [N, 3, 32, 32], in records of <paramref name="Stride"/> bytes.</param>
/// <param name="Stride">Bytes from one image's record to the next.</param>
/// <param name="Classes">[N]: 0 to 9.</param>
internal sealed record CifarBatch(string Name, ReadOnlyMemory<byte> Pixels, int Stride, byte[] Classes)
{
    /// <summary>Pixels a side.</summary>
    public const int Side = 32;

    /// <summary>Bytes of an image.</summary>
    public const int ImageBytes = 3 * Side * Side;

    private const int ClassCount = 10;

    /// <summary>Reads a binary file: a class and an image a record.</summary>
    /// <exception cref="InvalidDataException">It has no whole number of records, or other classes.</exception>
    public static CifarBatch FromBinary(string fileName, byte[] file)
    {
        const int Record = 1 + ImageBytes;
        if (file.Length == 0 || file.Length % Record != 0)
            throw new InvalidDataException($"{fileName} has {file.Length:#,0} bytes, which is not a multiple of CIFAR-10's record size of {Record:#,0}");
        var classes = new byte[file.Length / Record];
        for (var i = 0; i < classes.Length; i++)
            classes[i] = Class(file[i * Record], i, fileName);
        return new CifarBatch(Path.GetFileNameWithoutExtension(fileName), file.AsMemory(1), Record, classes);
    }

    /// <summary>Reads a pickled file: a dictionary with <c>data</c> [N, 3072] and <c>labels</c>.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static CifarBatch FromPickle(string name, byte[] file)
    {
        object? content;
        try
        {
            content = PickleReader.Read(file, new CifarPickle());
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }

        if (content is not PickledDictionary batch || !batch.TryGetValue("data", out var data) || !batch.TryGetValue("labels", out var labels))
            throw new InvalidDataException($"{name} is not a dictionary with data and labels, as CIFAR-10's files are");
        if (data is not PickledArray { Shape: [var count, ImageBytes] } array || array.Bytes.Length != count * ImageBytes)
            throw new InvalidDataException($"{name} has no array of N images of {ImageBytes:#,0} bytes under data");
        if (labels is not List<object?> list || list.Count != count)
            throw new InvalidDataException($"{name} has {count:#,0} images but {(labels as List<object?>)?.Count ?? 0:#,0} labels");
        return new CifarBatch(name, array.Bytes, ImageBytes, [.. list.Select((label, i) => Class(label, i, name))]);
    }

    /// <summary>The planes of an image [3, 32, 32].</summary>
    public ReadOnlySpan<byte> Planes(int index) => Pixels.Span.Slice(index * Stride, ImageBytes);

    private static byte Class(object? label, int index, string name) => label switch
    {
        byte number and < ClassCount => number,
        long number and >= 0 and < ClassCount => (byte)number,
        byte or long => throw new InvalidDataException($"{name}: image {index} has class {label}; CIFAR-10's are 0 to {ClassCount - 1}"),
        _ => throw new InvalidDataException($"{name}: the label of image {index} is not a whole number"),
    };
}
