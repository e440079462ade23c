namespace Atelier.Training.Data.Archives;

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
            throw new InvalidDataException($"{fileName} has {file.Length:#,0} bytes, which are no whole number of CIFAR-10's records of {Record:#,0}");
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
            content = PickleReader.Read(file);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }

        if (content is not Dictionary<string, object?> batch || !batch.TryGetValue("data", out var data) || !batch.TryGetValue("labels", out var labels))
            throw new InvalidDataException($"{name} is no dictionary with data and labels, as CIFAR-10's files are");
        if (data is not PickledArray { Shape: [var count, ImageBytes] } array || array.Bytes.Length != count * ImageBytes)
            throw new InvalidDataException($"{name} has no array of N images of {ImageBytes:#,0} bytes under data");
        if (labels is not List<object?> list || list.Count != count)
            throw new InvalidDataException($"{name} has {count:#,0} images and {(labels as List<object?>)?.Count ?? 0:#,0} labels");
        return new CifarBatch(name, array.Bytes, ImageBytes, [.. list.Select((label, i) => Class(label, i, name))]);
    }

    /// <summary>The planes of an image [3, 32, 32].</summary>
    public ReadOnlySpan<byte> Planes(int index) => Pixels.Span.Slice(index * Stride, ImageBytes);

    private static byte Class(object? label, int index, string name) => label switch
    {
        byte number and < ClassCount => number,
        long number and >= 0 and < ClassCount => (byte)number,
        byte or long => throw new InvalidDataException($"{name}: image {index} has class {label}; CIFAR-10's are 0 to {ClassCount - 1}"),
        _ => throw new InvalidDataException($"{name}: the label of image {index} is no whole number"),
    };
}
