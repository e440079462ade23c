using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Atelier.Training.Pickles;

/// <summary>
/// Reads pickles of protocols 0 to 5 without executing anything. A pickle is a program; its opcodes are interpreted as data, the
/// <see cref="PickleRules"/> say which names it may use and what record a call of one makes, and whatever else occurs is
/// refused by its name.
/// </summary>
internal sealed class PickleReader
{
    /// <summary>Objects that a pickle may make: published networks have some ten thousand. A hostile file makes one per byte.</summary>
    public const int MostObjects = 4_000_000;

    private const int MostMarks = 1000;
    private const int MostDigits = 32;
    private const int NewestProtocol = 5;

    private readonly ReadOnlyMemory<byte> _data;
    private readonly PickleRules _rules;
    private readonly Stack<object?> _stack = new();
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, object?> _memory = [];
    private int _at;
    private int _objects;

    private PickleReader(ReadOnlyMemory<byte> data, PickleRules rules) => (_data, _rules) = (data, rules);

    /// <summary>Reads a pickle.</summary>
    /// <param name="data">The pickle; bytes behind its end are left alone.</param>
    /// <param name="rules">What it may hold.</param>
    /// <returns>
    /// <see cref="PickledDictionary"/>, <see cref="PickledSet"/>, <c>List&lt;object?&gt;</c>, <c>object?[]</c> for a tuple, <c>long</c>,
    /// <c>double</c>, <c>bool</c>, null, <c>string</c>, <c>ReadOnlyMemory&lt;byte&gt;</c>, <see cref="PickledName"/>, or a record of the rules.
    /// Containers may hold themselves.
    /// </returns>
    /// <exception cref="InvalidDataException">It holds anything else, or is cut short.</exception>
    public static object? Read(ReadOnlyMemory<byte> data, PickleRules rules) => Read(data, rules, out _);

    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, PickleRules)"/>
    /// <param name="data">The pickle; bytes behind its end are left alone.</param>
    /// <param name="rules">What it may hold.</param>
    /// <param name="length">Bytes of the pickle.</param>
    public static object? Read(ReadOnlyMemory<byte> data, PickleRules rules, out int length)
    {
        var reader = new PickleReader(data, rules);
        var result = reader.Run();
        length = reader._at;
        return result;
    }

    private object? Run()
    {
        try
        {
            while (true)
            {
                var opcode = (PickleOpcode)Take(1).Span[0];
                if (opcode == PickleOpcode.Stop)
                    return _stack.Pop();
                if (!_rules.Accepts(opcode))
                    throw Refused(opcode);
                Execute(opcode);
                if (_stack.Count + _memory.Count > MostObjects || ++_objects > 8L * MostObjects)
                    throw new InvalidDataException($"the pickle creates more than {MostObjects:#,0} objects, more than {_rules.Who} need; reading stopped there");
            }
        }
        catch (Exception e) when (e is InvalidCastException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"the pickle is damaged at byte {_at:#,0}", e);
        }
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol: RequireProtocol(Take(1).Span[0]); break;
            case PickleOpcode.Frame: Take(8); break;
            case PickleOpcode.Mark: Mark(); break;
            case PickleOpcode.Pop: Drop(); break;
            case PickleOpcode.PopMark: PopToMark(); break;
            case PickleOpcode.Duplicate: _stack.Push(_stack.Peek()); break;
            case PickleOpcode.None: _stack.Push(null); break;
            case PickleOpcode.True: _stack.Push(true); break;
            case PickleOpcode.False: _stack.Push(false); break;
            case PickleOpcode.IntLine: PushIntLine(TakeLine()); break;
            case PickleOpcode.LongLine: Push(Whole(TakeLine().TrimEnd('L'))); break;
            case PickleOpcode.FloatLine: _stack.Push(double.Parse(TakeLine(), CultureInfo.InvariantCulture)); break;
            case PickleOpcode.Int32: _stack.Push((long)TakeInt32()); break;
            case PickleOpcode.UInt8: _stack.Push((long)Take(1).Span[0]); break;
            case PickleOpcode.UInt16: _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span)); break;
            case PickleOpcode.Long1: Push(Whole(Take(Take(1).Span[0]).Span)); break;
            case PickleOpcode.Double: _stack.Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8).Span)); break;
            case PickleOpcode.StringLine: _stack.Push(Unquoted(TakeLine())); break;
            case PickleOpcode.Bytes or PickleOpcode.Bytes32: _stack.Push(Take(TakeInt32())); break;
            case PickleOpcode.ShortBytes or PickleOpcode.Bytes8: _stack.Push(Take(Take(1).Span[0])); break;
            case PickleOpcode.Bytes64 or PickleOpcode.ByteArray: _stack.Push(Take(TakeLength64())); break;
            case PickleOpcode.UnicodeLine: _stack.Push(TakeLine()); break;
            case PickleOpcode.Unicode: _stack.Push(Encoding.UTF8.GetString(Take(TakeInt32()).Span)); break;
            case PickleOpcode.Unicode8: _stack.Push(Encoding.UTF8.GetString(Take(Take(1).Span[0]).Span)); break;
            case PickleOpcode.Unicode64: _stack.Push(Encoding.UTF8.GetString(Take(TakeLength64()).Span)); break;
            case PickleOpcode.EmptyTuple: _stack.Push(Array.Empty<object?>()); break;
            case PickleOpcode.Tuple: _stack.Push(PopToMark()); break;
            case PickleOpcode.Tuple1: _stack.Push(Pop(1)); break;
            case PickleOpcode.Tuple2: _stack.Push(Pop(2)); break;
            case PickleOpcode.Tuple3: _stack.Push(Pop(3)); break;
            case PickleOpcode.PutLine: _memory[uint.Parse(TakeLine(), CultureInfo.InvariantCulture)] = _stack.Peek(); break;
            case PickleOpcode.Put: _memory[Take(1).Span[0]] = _stack.Peek(); break;
            case PickleOpcode.LongPut: _memory[TakeUInt32()] = _stack.Peek(); break;
            case PickleOpcode.Memoize: _memory[(uint)_memory.Count] = _stack.Peek(); break;
            case PickleOpcode.GetLine: _stack.Push(_memory[uint.Parse(TakeLine(), CultureInfo.InvariantCulture)]); break;
            case PickleOpcode.Get: _stack.Push(_memory[Take(1).Span[0]]); break;
            case PickleOpcode.LongGet: _stack.Push(_memory[TakeUInt32()]); break;
            default: ExecuteOnContainers(opcode); break;
        }
    }

    private void ExecuteOnContainers(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyList: _stack.Push(new List<object?>()); break;
            case PickleOpcode.List: _stack.Push(new List<object?>(PopToMark())); break;
            case PickleOpcode.Append: Append([_stack.Pop()]); break;
            case PickleOpcode.Appends: Append(PopToMark()); break;
            case PickleOpcode.EmptyDictionary: _stack.Push(new PickledDictionary()); break;
            case PickleOpcode.Dictionary: MakeDictionary(PopToMark()); break;
            case PickleOpcode.SetItem: SetItems(Pop(2)); break;
            case PickleOpcode.SetItems: SetItems(PopToMark()); break;
            case PickleOpcode.EmptySet: _stack.Push(new PickledSet()); break;
            case PickleOpcode.AddItems: AddToSet(PopToMark()); break;
            case PickleOpcode.FrozenSet: MakeSet(PopToMark()); break;
            case PickleOpcode.Global: _stack.Push(Name(TakeLine(), TakeLine())); break;
            case PickleOpcode.StackGlobal: NameFromStack(Pop(2)); break;
            case PickleOpcode.Reduce or PickleOpcode.NewObject: Call(Pop(2)); break;
            case PickleOpcode.PersistentId: Persistent(_stack.Pop()); break;
            case PickleOpcode.Build: Build(); break;
            default: throw Refused(opcode);
        }
    }

    private InvalidDataException Refused(PickleOpcode opcode) => new(
        $"the pickle has the opcode {PickleOpcodeNames.Of((byte)opcode)} at byte {_at - 1:#,0}, which {_rules.Who} do not use; it was not executed");

    private static void RequireProtocol(byte protocol)
    {
        if (protocol > NewestProtocol)
            throw new InvalidDataException($"the pickle has protocol {protocol}; protocols up to {NewestProtocol} can be read");
    }

    private PickledName Name(string module, string name)
    {
        var text = $"{module}.{name}";
        return _rules.Accepts(text) ? new PickledName(text) : throw new InvalidDataException(
            $"the pickle names {text} at byte {_at:#,0}, which {_rules.Who} do not use; it was not executed");
    }

    private void NameFromStack(object?[] parts) => _stack.Push(Name(As<string>(parts[0]), As<string>(parts[1])));

    private void Call(object?[] parts)
    {
        var (name, arguments) = (As<PickledName>(parts[0]), As<object?[]>(parts[1]));
        _stack.Push(_rules.Call(name, arguments) ?? throw new InvalidDataException(
            $"the pickle calls {name.Text} in a way that {_rules.Who} do not use, before byte {_at:#,0}; it was not executed"));
    }

    private void Persistent(object? id) => _stack.Push(_rules.Persistent(id) ?? throw new InvalidDataException(
        $"the pickle refers at byte {_at:#,0} to something outside it, which {_rules.Who} do not use"));

    private void Build()
    {
        var state = _stack.Pop();
        As<IPickleState>(_stack.Peek()).SetState(state);
    }

    private void Mark()
    {
        if (_marks.Count == MostMarks)
            throw new InvalidDataException($"the pickle is nested more than {MostMarks:#,0} deep at byte {_at:#,0}");
        _marks.Push(_stack.Count);
    }

    private void Drop()
    {
        if (_marks.Count > 0 && _marks.Peek() == _stack.Count)
            _marks.Pop();
        else
            _stack.Pop();
    }

    private void Append(object?[] items) => As<List<object?>>(_stack.Peek()).AddRange(items);

    private void AddToSet(object?[] items) => As<PickledSet>(_stack.Peek()).Items.AddRange(items);

    private void MakeSet(object?[] items)
    {
        _stack.Push(new PickledSet());
        AddToSet(items);
    }

    private void MakeDictionary(object?[] items)
    {
        _stack.Push(new PickledDictionary());
        SetItems(items);
    }

    private void SetItems(object?[] items)
    {
        var dictionary = As<PickledDictionary>(_stack.Peek());
        if (items.Length % 2 != 0)
            throw new InvalidOperationException("a key without a value");
        for (var i = 0; i < items.Length; i += 2)
            dictionary.Add(items[i], items[i + 1]);
    }

    private static T As<T>(object? value) => value is T wanted ? wanted : throw new InvalidOperationException($"a {typeof(T).Name} was expected");

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

    // Numbers of any length exist; those that are used fit into 64 bits, or are a format's magic number.
    private void Push(BigInteger number)
    {
        if (number >= long.MinValue && number <= long.MaxValue)
            _stack.Push((long)number);
        else
            _stack.Push(number);
    }

    private void PushIntLine(string line)
    {
        if (line is "00" or "01")
            _stack.Push(line == "01");
        else
            Push(Whole(line));
    }

    private static BigInteger Whole(string line) => line.Length <= MostDigits ? BigInteger.Parse(line, CultureInfo.InvariantCulture) : throw new FormatException("a number of many digits");

    private static BigInteger Whole(ReadOnlySpan<byte> bytes) => bytes.Length <= MostDigits ? new BigInteger(bytes) : throw new FormatException("a number of many bytes");

    private static string Unquoted(string line) => line.Length >= 2 && line[0] == line[^1] && line[0] is '\'' or '"' ? line[1..^1] : throw new FormatException("a string without quotes");

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count < 0 || count > _data.Length - _at)
            throw new InvalidDataException($"the pickle is truncated: it ends at byte {_data.Length:#,0} in the middle of an opcode");
        _at += count;
        return _data.Slice(_at - count, count);
    }

    private int TakeInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span);

    private uint TakeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span);

    private int TakeLength64() => (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(Take(8).Span), int.MaxValue);

    private string TakeLine()
    {
        var length = _data.Span[_at..].IndexOf((byte)'\n');
        var line = Encoding.Latin1.GetString(Take(length < 0 ? _data.Length : length).Span);
        Take(1);
        return line;
    }
}
