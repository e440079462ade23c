using Atelier.Training.Pickles;

namespace Atelier.Training.Data;

/// <summary>
/// What the pickles of the CIFAR archives may hold: dictionaries, lists, tuples, numbers, bytes and numpy arrays of bytes, in
/// the opcodes of Python 2.
/// </summary>
internal sealed class CifarPickle : PickleRules
{
    private static readonly HashSet<PickleOpcode> Opcodes =
    [
        PickleOpcode.Protocol, PickleOpcode.Mark, PickleOpcode.None, PickleOpcode.True, PickleOpcode.False, PickleOpcode.Int32, PickleOpcode.UInt8, PickleOpcode.UInt16,
        PickleOpcode.Bytes, PickleOpcode.ShortBytes, PickleOpcode.EmptyList, PickleOpcode.Append, PickleOpcode.Appends, PickleOpcode.EmptyDictionary, PickleOpcode.SetItem,
        PickleOpcode.SetItems, PickleOpcode.Tuple, PickleOpcode.Tuple1, PickleOpcode.Tuple2, PickleOpcode.Tuple3, PickleOpcode.Put, PickleOpcode.LongPut, PickleOpcode.Get,
        PickleOpcode.LongGet, PickleOpcode.Global, PickleOpcode.Reduce, PickleOpcode.Build,
    ];

    public override string Who => "image sets";

    public override bool Accepts(PickleOpcode opcode) => Opcodes.Contains(opcode);

    public override bool Accepts(string name) => name is PickledArray.Reconstruct or PickledArray.ClassName or PickledNumberType.ClassName;

    public override object? Call(PickledName name, object?[] arguments) => name.Text switch
    {
        PickledArray.Reconstruct when arguments is [PickledName { Text: PickledArray.ClassName }, ..] => new PickledArray(),
        PickledNumberType.ClassName when arguments is [ReadOnlyMemory<byte> type, ..] && type.Span.SequenceEqual("u1"u8) => new PickledNumberType("u1"),
        _ => null,
    };
}
