using System.Buffers.Binary;

namespace Atelier.Training.Pickles;

/// <summary>A numpy array as a pickle describes it: filled while it is read.</summary>
internal sealed class PickledArray : IPickleState
{
    /// <summary>What makes an empty array.</summary>
    public const string Reconstruct = "numpy.core.multiarray._reconstruct";

    public const string ClassName = "numpy.ndarray";

    /// <summary>Its shape.</summary>
    public IReadOnlyList<long> Shape { get; private set; } = [];

    /// <summary>The type of its numbers, as numpy abbreviates it: <c>f4</c>.</summary>
    public string Type { get; private set; } = "";

    /// <summary>Its bytes, little-endian, in C order; the file's own, not a copy.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Takes the state that numpy wrote: version, shape, type, whether in Fortran order, bytes.</summary>
    /// <exception cref="InvalidDataException">It is no array of numbers in C order.</exception>
    public void SetState(object? state)
    {
        if (state is not object?[] { Length: 5 } parts || parts[1] is not object?[] shape || !shape.All(n => n is long and >= 0 and <= int.MaxValue)
            || parts[2] is not PickledNumberType type || parts[3] is not false || parts[4] is not ReadOnlyMemory<byte> bytes)
            throw new InvalidDataException("one of its arrays does not hold numbers in C order");
        (Shape, Type, Bytes) = ([.. shape.Select(n => (long)n!)], type.Text, bytes);
    }
}

/// <summary>The type of numpy's numbers, and their byte order once the state has come.</summary>
/// <param name="text">As numpy abbreviates it: <c>f4</c>.</param>
internal sealed class PickledNumberType(string text) : IPickleState
{
    public const string ClassName = "numpy.dtype";

    /// <summary>What makes a number that is no array: NumPy moved it.</summary>
    public static readonly IReadOnlySet<string> ScalarNames = new HashSet<string> { "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" };

    public string Text => text;

    public void SetState(object? state)
    {
        if (state is not object?[] parts || parts.Length < 2 || PickledText.Of(parts[1]) is not ("<" or "|" or "="))
            throw new InvalidDataException("one of its arrays is not little-endian");
    }

    /// <summary>A number: whole ones as <c>long</c>, because arguments are compared with them, others as <c>double</c>.</summary>
    public object Read(ReadOnlySpan<byte> bytes) => (text, bytes.Length) switch
    {
        ("i8", 8) => (object)BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        _ => throw new InvalidDataException($"one of its arrays has the unsupported type {text}"),
    };
}
