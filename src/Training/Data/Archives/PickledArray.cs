namespace Atelier.Training.Data.Archives;

/// <summary>A numpy array as a pickle describes it: filled while it is read.</summary>
internal sealed class PickledArray
{
    /// <summary>Its shape.</summary>
    public IReadOnlyList<long> Shape { get; private set; } = [];

    /// <summary>Its bytes, in C order.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Takes the state that numpy wrote: version, shape, type, whether in Fortran order, bytes.</summary>
    /// <exception cref="InvalidDataException">It is no array of bytes in C order.</exception>
    public void SetState(object? state)
    {
        if (state is not object?[] { Length: 5 } parts || parts[1] is not object?[] shape || !shape.All(n => n is long)
            || parts[2] is not PickledType || parts[3] is not false || parts[4] is not ReadOnlyMemory<byte> bytes)
            throw new InvalidDataException("an array in it is none of bytes (uint8) in C order");
        Shape = [.. shape.Select(n => (long)n!)];
        Bytes = bytes;
    }
}
