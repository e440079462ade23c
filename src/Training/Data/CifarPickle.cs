using Atelier.Training.Pickles;

namespace Atelier.Training.Data;

/// <summary>
/// What the pickles of the CIFAR archives may hold: dictionaries, lists, tuples, numbers, bytes and numpy arrays of bytes, in
/// the opcodes of Python 2.
/// </summary>
internal sealed class CifarPickle : PickleRules
{
    // What makes an empty array, the class of arrays, and that of an array's type.
    private const string Reconstruct = "numpy.core.multiarray._reconstruct";
    private const string Array = "numpy.ndarray";
    private const string Type = "numpy.dtype";

    private static readonly HashSet<PickleOpcode> Opcodes =
    [
        PickleOpcode.Protocol, PickleOpcode.Mark, PickleOpcode.None, PickleOpcode.True, PickleOpcode.False, PickleOpcode.Int32, PickleOpcode.UInt8, PickleOpcode.UInt16,
        PickleOpcode.Bytes, PickleOpcode.ShortBytes, PickleOpcode.EmptyList, PickleOpcode.Append, PickleOpcode.Appends, PickleOpcode.EmptyDictionary, PickleOpcode.SetItem,
        PickleOpcode.SetItems, PickleOpcode.Tuple, PickleOpcode.Tuple1, PickleOpcode.Tuple2, PickleOpcode.Tuple3, PickleOpcode.Put, PickleOpcode.LongPut, PickleOpcode.Get,
        PickleOpcode.LongGet, PickleOpcode.Global, PickleOpcode.Reduce, PickleOpcode.Build,
    ];

    public override string Who => "image sets";

    public override bool Accepts(PickleOpcode opcode) => Opcodes.Contains(opcode);

    public override bool Accepts(string name) => name is Reconstruct or Array or Type;

    public override object? Call(PickledName name, object?[] arguments) => name.Text switch
    {
        Reconstruct when arguments is [PickledName { Text: Array }, ..] => new PickledArray(),
        Type when arguments is [ReadOnlyMemory<byte> type, ..] && type.Span.SequenceEqual("u1"u8) => new PickledType(),
        _ => null,
    };
}

/// <summary>A numpy array as a pickle describes it: filled while it is read.</summary>
internal sealed class PickledArray : IPickleState
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
            throw new InvalidDataException("one of its arrays is not uint8 in C order");
        Shape = [.. shape.Select(n => (long)n!)];
        Bytes = bytes;
    }
}

/// <summary>The type of a pickled numpy array; only <c>u1</c>, bytes, is known.</summary>
internal sealed class PickledType : IPickleState
{
    // Byte order and alignment, which bytes do not have.
    public void SetState(object? state)
    {
        if (state is not object?[])
            throw new InvalidDataException("one of its types has an unexpected state");
    }
}
