using System.Buffers.Binary;
using System.Text;

namespace Atelier.Training.Data;

/// <summary>
/// Reads the pickles of the CIFAR archives without executing anything: dictionaries, lists, tuples, numbers, bytes and
/// numpy arrays of bytes. A pickle is a program; the opcodes that these files use are interpreted as data, three names are
/// accepted, and whatever else occurs is refused by its name.
/// </summary>
internal sealed class PickleReader
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly Stack<object?> _stack = new();
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, object?> _memory = [];
    private int _at;

    private PickleReader(ReadOnlyMemory<byte> data) => _data = data;

    /// <summary>Reads a pickle.</summary>
    /// <returns>
    /// <c>Dictionary&lt;string, object?&gt;</c>, <c>List&lt;object?&gt;</c>, <c>object?[]</c>, <c>long</c>, <c>bool</c>,
    /// null, <c>ReadOnlyMemory&lt;byte&gt;</c> or <see cref="PickledArray"/>.
    /// </returns>
    /// <exception cref="InvalidDataException">It holds anything else, or is cut short.</exception>
    public static object? Read(ReadOnlyMemory<byte> data) => new PickleReader(data).Run();

    private object? Run()
    {
        try
        {
            while (true)
            {
                var opcode = Take(1).Span[0];
                if ((PickleOpcode)opcode == PickleOpcode.Stop)
                    return _stack.Pop();
                Execute((PickleOpcode)opcode);
            }
        }
        catch (Exception e) when (e is InvalidCastException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"the pickle is damaged at byte {_at:#,0}", e);
        }
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol: RequireProtocol(Take(1).Span[0]); break;
            case PickleOpcode.Mark: _marks.Push(_stack.Count); break;
            case PickleOpcode.None: _stack.Push(null); break;
            case PickleOpcode.True: _stack.Push(true); break;
            case PickleOpcode.False: _stack.Push(false); break;
            case PickleOpcode.Int32: _stack.Push((long)TakeInt32()); break;
            case PickleOpcode.UInt8: _stack.Push((long)Take(1).Span[0]); break;
            case PickleOpcode.UInt16: _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span)); break;
            case PickleOpcode.Bytes: _stack.Push(Take(TakeInt32())); break;
            case PickleOpcode.ShortBytes: _stack.Push(Take(Take(1).Span[0])); break;
            case PickleOpcode.EmptyList: _stack.Push(new List<object?>()); break;
            case PickleOpcode.EmptyDictionary: _stack.Push(new Dictionary<string, object?>(StringComparer.Ordinal)); break;
            case PickleOpcode.Append: Append([_stack.Pop()]); break;
            case PickleOpcode.Appends: Append(PopToMark()); break;
            case PickleOpcode.SetItem: SetItems(Pop(2)); break;
            case PickleOpcode.SetItems: SetItems(PopToMark()); break;
            case PickleOpcode.Tuple: _stack.Push(PopToMark()); break;
            case PickleOpcode.Tuple1: _stack.Push(Pop(1)); break;
            case PickleOpcode.Tuple2: _stack.Push(Pop(2)); break;
            case PickleOpcode.Tuple3: _stack.Push(Pop(3)); break;
            case PickleOpcode.Put: _memory[Take(1).Span[0]] = _stack.Peek(); break;
            case PickleOpcode.LongPut: _memory[TakeUInt32()] = _stack.Peek(); break;
            case PickleOpcode.Get: _stack.Push(_memory[Take(1).Span[0]]); break;
            case PickleOpcode.LongGet: _stack.Push(_memory[TakeUInt32()]); break;
            case PickleOpcode.Global: _stack.Push(Name()); break;
            case PickleOpcode.Reduce: Reduce(); break;
            case PickleOpcode.Build: Build(); break;
            default: throw new InvalidDataException(
                $"the pickle has the opcode {PickleOpcodeNames.Of((byte)opcode)} at byte {_at - 1:#,0}, which image sets have no use for; it was not executed");
        }
    }

    private static void RequireProtocol(byte protocol)
    {
        if (protocol != 2)
            throw new InvalidDataException($"the pickle is of protocol {protocol}, and the published files are of protocol 2");
    }

    private PickledName Name()
    {
        var name = $"{TakeLine()}.{TakeLine()}";
        return name is PickledName.Reconstruct or PickledName.Array or PickledName.Type ? new PickledName(name) : throw new InvalidDataException(
            $"the pickle names {name} at byte {_at:#,0}, which image sets have no use for; it was not executed");
    }

    // In Python a call; here the two that stand for an array and its type.
    private void Reduce()
    {
        var parts = Pop(2);
        var arguments = (object?[])parts[1]!;
        _stack.Push(((PickledName)parts[0]!).Text switch
        {
            PickledName.Reconstruct when arguments is [PickledName { Text: PickledName.Array }, ..] => new PickledArray(),
            PickledName.Type when arguments is [ReadOnlyMemory<byte> type, ..] && type.Span.SequenceEqual("u1"u8) => new PickledType(),
            var other => throw new InvalidDataException($"the pickle calls {other} in a way that image sets have no use for; it was not executed"),
        });
    }

    private void Build()
    {
        var state = _stack.Pop();
        switch (_stack.Peek())
        {
            case PickledArray array:
                array.SetState(state);
                break;
            case PickledType when state is object[]:
                break; // byte order and alignment, which bytes do not have
            default:
                throw new InvalidOperationException("a state for something that takes none");
        }
    }

    private void Append(object?[] items) => ((List<object?>)_stack.Peek()!).AddRange(items);

    private void SetItems(object?[] items)
    {
        var dictionary = (Dictionary<string, object?>)_stack.Peek()!;
        if (items.Length % 2 != 0)
            throw new InvalidOperationException("a key without a value");
        for (var i = 0; i < items.Length; i += 2)
            dictionary[Encoding.Latin1.GetString(((ReadOnlyMemory<byte>)items[i]!).Span)] = items[i + 1];
    }

    private object?[] PopToMark()
    {
        var count = _stack.Count - _marks.Pop();
        return count >= 0 ? Pop(count) : throw new InvalidOperationException("a mark above the stack");
    }

    private object?[] Pop(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--)
            items[i] = _stack.Pop();
        return items;
    }

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count < 0 || count > _data.Length - _at)
            throw new InvalidDataException($"the pickle is cut short: it ends at byte {_data.Length:#,0} in the middle of something");
        _at += count;
        return _data.Slice(_at - count, count);
    }

    private int TakeInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span);

    private uint TakeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span);

    private string TakeLine()
    {
        var length = _data.Span[_at..].IndexOf((byte)'\n');
        var line = Encoding.Latin1.GetString(Take(length < 0 ? _data.Length : length).Span);
        Take(1);
        return line;
    }
}

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

/// <summary>The name of something in Python, of which nothing but the name is used.</summary>
/// <param name="Text"><c>module.name</c>.</param>
internal sealed record PickledName(string Text)
{
    /// <summary>What makes an empty array.</summary>
    public const string Reconstruct = "numpy.core.multiarray._reconstruct";

    /// <summary>The class of arrays.</summary>
    public const string Array = "numpy.ndarray";

    /// <summary>The class of an array's type.</summary>
    public const string Type = "numpy.dtype";
}

/// <summary>The type of a pickled numpy array; only <c>u1</c>, bytes, is known.</summary>
internal sealed record PickledType;

/// <summary>Opcodes of Python's pickle, protocol 2, as far as <see cref="PickleReader"/> accepts them (pickletools.py).</summary>
internal enum PickleOpcode : byte
{
    Protocol = 0x80, // protocol number, one byte
    Stop = (byte)'.', // the end
    Mark = (byte)'(', // begins the items of a tuple, list or dictionary
    None = (byte)'N', // pushes None
    True = 0x88, // pushes True
    False = 0x89, // pushes False
    Int32 = (byte)'J', // an int32
    UInt8 = (byte)'K', // a uint8
    UInt16 = (byte)'M', // a uint16
    Bytes = (byte)'T', // bytes behind their length as an int32
    ShortBytes = (byte)'U', // bytes behind their length as a uint8
    EmptyList = (byte)']', // an empty list
    Append = (byte)'a', // adds an item to a list
    Appends = (byte)'e', // adds items to a list
    EmptyDictionary = (byte)'}', // an empty dictionary
    SetItem = (byte)'s', // adds a pair to a dictionary
    SetItems = (byte)'u', // adds pairs to a dictionary
    Tuple = (byte)'t', // a tuple of what lies above the mark
    Tuple1 = 0x85, // a tuple of one
    Tuple2 = 0x86, // a tuple of two
    Tuple3 = 0x87, // a tuple of three
    Put = (byte)'q', // remembers the top under a uint8
    LongPut = (byte)'r', // remembers the top under a uint32
    Get = (byte)'h', // pushes what a uint8 remembers
    LongGet = (byte)'j', // pushes what a uint32 remembers
    Global = (byte)'c', // a name in a module. Here only a name: nothing is looked up
    Reduce = (byte)'R', // a call in Python; here an array or its type, made of plain values
    Build = (byte)'b', // gives an object its state; here an array or its type
}

/// <summary>What Python calls the opcodes that are refused (pickletools.py), for messages.</summary>
internal static class PickleOpcodeNames
{
    private static readonly Dictionary<byte, string> Names = new()
    {
        [(byte)')'] = "EMPTY_TUPLE",
        [(byte)'0'] = "POP",
        [(byte)'1'] = "POP_MARK",
        [(byte)'2'] = "DUP",
        [(byte)'B'] = "BINBYTES",
        [(byte)'C'] = "SHORT_BINBYTES",
        [(byte)'F'] = "FLOAT",
        [(byte)'G'] = "BINFLOAT",
        [(byte)'I'] = "INT",
        [(byte)'L'] = "LONG",
        [(byte)'P'] = "PERSID",
        [(byte)'Q'] = "BINPERSID",
        [(byte)'S'] = "STRING",
        [(byte)'V'] = "UNICODE",
        [(byte)'X'] = "BINUNICODE",
        [(byte)'d'] = "DICT",
        [(byte)'g'] = "GET",
        [(byte)'i'] = "INST",
        [(byte)'l'] = "LIST",
        [(byte)'o'] = "OBJ",
        [(byte)'p'] = "PUT",
        [0x81] = "NEWOBJ",
        [0x82] = "EXT1",
        [0x83] = "EXT2",
        [0x84] = "EXT4",
        [0x8A] = "LONG1",
        [0x8B] = "LONG4",
        [0x8C] = "SHORT_BINUNICODE",
        [0x8D] = "BINUNICODE8",
        [0x8E] = "BINBYTES8",
        [0x8F] = "EMPTY_SET",
        [0x90] = "ADDITEMS",
        [0x91] = "FROZENSET",
        [0x92] = "NEWOBJ_EX",
        [0x93] = "STACK_GLOBAL",
        [0x94] = "MEMOIZE",
        [0x95] = "FRAME",
        [0x96] = "BYTEARRAY8",
        [0x97] = "NEXT_BUFFER",
        [0x98] = "READONLY_BUFFER",
    };

    /// <summary>The name of an opcode with its number.</summary>
    public static string Of(byte opcode) => $"{Names.GetValueOrDefault(opcode, "that no Python has")} (0x{opcode:x2})";
}
