using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Atelier.Core;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// MNIST and the sets that share its form (idx files, packed with gzip or not): grey images, padded with black to the next
/// power of two as the published tool does (28 to 32). Labels are those of the file beside.
/// </summary>
public sealed class MnistImageSource : ImageSource
{
    private const int ImageMagic = 0x0803;
    private const int LabelMagic = 0x0801;
    private const string ImagePart = "images-idx3";
    private const string LabelPart = "labels-idx1";

    private readonly string _path;
    private readonly byte[] _pixels;
    private readonly byte[]? _classes;
    private readonly int _rows;
    private readonly int _columns;

    private MnistImageSource(string name, string path)
    {
        Name = name;
        _path = path;
        var (shape, pixels) = ReadIndexed(path, ImageMagic, dimensions: 3);
        (_rows, _columns, _pixels) = (shape[1], shape[2], pixels);
        if (_rows == 0 || _columns == 0)
            throw new InvalidDataException($"its images are {_columns}x{_rows} pixels");
        _classes = ReadClasses(path, shape[0]);
        ImageNames = [.. Enumerable.Range(0, shape[0]).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i:00000000}.png"))];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <summary>Reads the images into memory.</summary>
    /// <param name="path">The file of images, or the folder with <c>train-images-idx3-ubyte</c> or <c>….gz</c> in it.</param>
    /// <exception cref="DatasetException">A file is damaged or of another kind, or may not be read.</exception>
    public static new MnistImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = TrainingFile(path) ?? path;
        return ArchiveFile.Open(file, () => new MnistImageSource(path, file));
    }

    /// <inheritdoc/>
    public override byte[] Read(int index)
    {
        var side = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(_rows, _columns));
        var padded = new byte[side * side];
        var (left, top) = ((side - _columns) / 2, (side - _rows) / 2);
        for (var y = 0; y < _rows; y++)
            _pixels.AsSpan(((index * _rows) + y) * _columns, _columns).CopyTo(padded.AsSpan(((top + y) * side) + left));
        return ImageCodec.EncodeStoredPng(padded, ImageSize.Square(side));
    }

    /// <inheritdoc/>
    public override string? ReadLabels() => _classes is null ? null : LabelJson.Write(ImageNames, _classes.Select(c => LabelJson.Class(c)));

    /// <inheritdoc/>
    public override string Stamp() => StampOf(_path);

    /// <summary>Whether a folder or file is such a set.</summary>
    internal static bool IsAt(string path) => Directory.Exists(path)
        ? TrainingFile(path) is not null
        : Path.GetFileName(path).Contains(ImagePart, StringComparison.Ordinal) || ArchiveFile.Beginning(path) is [0, 0, 8, 3, ..];

    private static string? TrainingFile(string folder) =>
        new[] { "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    // The labels that belong to a file of images have its name, but for one part.
    private static byte[]? ReadClasses(string path, int count)
    {
        var name = Path.GetFileName(path).Replace(ImagePart, LabelPart, StringComparison.Ordinal);
        var file = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        if (name == Path.GetFileName(path) || !File.Exists(file))
            return null;
        try
        {
            var (shape, classes) = ReadIndexed(file, LabelMagic, dimensions: 1);
            return shape[0] == count ? classes : throw new InvalidDataException($"it has {shape[0]:#,0} labels but {count:#,0} images");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"the labels beside it, {name}: {e.Message}", e);
        }
    }

    // A magic number, a big-endian int32 a dimension, and bytes.
    private static (int[] Shape, byte[] Bytes) ReadIndexed(string path, int magic, int dimensions)
    {
        var file = Unzipped(path);
        var header = sizeof(int) * (1 + dimensions);
        if (file.Length < header || BinaryPrimitives.ReadInt32BigEndian(file) != magic)
            throw new InvalidDataException($"it is not an idx file of bytes with {Counted.Of(dimensions, "dimension")}");
        var shape = Enumerable.Range(1, dimensions).Select(i => BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(sizeof(int) * i))).ToArray();
        var needed = header + shape.Aggregate((Int128)1, (product, n) => product * n);
        if (shape.Any(n => n < 0) || needed != file.Length)
            throw new InvalidDataException($"it is truncated or damaged: {string.Join(" x ", shape)} bytes and a header are {needed:#,0}, but it has {file.Length:#,0}");
        return (shape, file[header..]);
    }

    private static byte[] Unzipped(string path)
    {
        var file = File.ReadAllBytes(path);
        if (file is not [0x1F, 0x8B, ..])
            return file;
        using var unzipped = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        unzipped.CopyTo(whole);
        return whole.ToArray();
    }
}
