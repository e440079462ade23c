using System.Runtime.InteropServices;
using System.Text;

namespace Atelier.Training.Exports;

/// <summary>
/// Builds an ONNX model and writes it: the messages of onnx.proto (onnx.ai, IR version 8, opset 17) in the wire format of protocol
/// buffers, as far as generators need them.
/// </summary>
internal sealed class OnnxGraph
{
    private const int IrVersion = 8;
    private const int OperatorSet = 17;

    private readonly List<byte[]> _nodes = [];
    private readonly List<byte[]> _initializers = [];
    private readonly List<byte[]> _inputs = [];
    private readonly List<byte[]> _outputs = [];
    private int _names;

    /// <summary>A tensor that the caller of the model gives, float32.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Sizes; null for any number of samples.</param>
    public string Input(string name, params ReadOnlySpan<long?> shape)
    {
        _inputs.Add(Value(name, shape));
        return name;
    }

    /// <summary>A scalar that the caller may give.</summary>
    public string OptionalInput(string name, float otherwise)
    {
        _inputs.Add(Value(name, []));
        _initializers.Add(Tensor(name, [], 1, MemoryMarshal.AsBytes([otherwise])));
        return name;
    }

    /// <summary>Names a result of the model.</summary>
    public void Output(string of, string name, params ReadOnlySpan<long?> shape)
    {
        Add("Identity", name, [of]);
        _outputs.Add(Value(name, shape));
    }

    /// <summary>Numbers of the model, float32.</summary>
    public string Constant(long[] shape, ReadOnlySpan<float> values)
    {
        const int single = 1;
        var name = NextName("c");
        _initializers.Add(Tensor(name, shape, single, MemoryMarshal.AsBytes(values)));
        return name;
    }

    /// <summary>Whole numbers of the model, int64 [n].</summary>
    public string Integers(params ReadOnlySpan<long> values)
    {
        const int int64 = 7;
        var name = NextName("i");
        _initializers.Add(Tensor(name, [values.Length], int64, MemoryMarshal.AsBytes(values)));
        return name;
    }

    /// <summary>A number of the model.</summary>
    public string Number(double value) => Constant([], [(float)value]);

    /// <summary>An operator; returns its result.</summary>
    public string Node(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var name = NextName("t");
        Add(operation, name, inputs, attributes);
        return name;
    }

    /// <summary>Writes the model.</summary>
    public void WriteTo(Stream stream)
    {
        using var graph = new Message();
        foreach (var node in _nodes)
            graph.Bytes(1, node);
        graph.Text(2, "generator");
        foreach (var tensor in _initializers)
            graph.Bytes(5, tensor);
        foreach (var input in _inputs)
            graph.Bytes(11, input);
        foreach (var output in _outputs)
            graph.Bytes(12, output);
        using var opset = new Message();
        opset.Text(1, "").Varint(2, OperatorSet);
        using var model = new Message();
        model.Varint(1, IrVersion).Text(2, "atelier").Bytes(7, graph.ToArray()).Bytes(8, opset.ToArray());
        stream.Write(model.ToArray());
    }

    private void Add(string operation, string output, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        using var node = new Message();
        foreach (var input in inputs)
            node.Text(1, input);
        node.Text(2, output).Text(4, operation);
        foreach (var (name, value) in attributes)
            node.Bytes(5, Attribute(name, value));
        _nodes.Add(node.ToArray());
    }

    private string NextName(string kind) => $"{kind}{_names++}";

    private static byte[] Attribute(string name, object value)
    {
        const int type = 20, single = 1, whole = 2, wholes = 7;
        using var message = new Message();
        message.Text(1, name);
        switch (value)
        {
            case double number:
                message.Single(2, (float)number).Varint(type, single);
                break;
            case int number:
                message.Varint(3, number).Varint(type, whole);
                break;
            case long[] numbers:
                foreach (long number in numbers)
                    message.Varint(8, number);
                message.Varint(type, wholes);
                break;
            default:
                throw new ArgumentException($"an attribute of {value.GetType()}", nameof(value));
        }
        return message.ToArray();
    }

    private static byte[] Tensor(string name, long[] shape, int type, ReadOnlySpan<byte> values)
    {
        using var tensor = new Message();
        foreach (long size in shape)
            tensor.Varint(1, size);
        tensor.Varint(2, type).Text(8, name).Bytes(9, values);
        return tensor.ToArray();
    }

    private static byte[] Value(string name, ReadOnlySpan<long?> shape)
    {
        using var sizes = new Message();
        foreach (long? size in shape)
        {
            using var dimension = new Message();
            if (size is { } known)
                dimension.Varint(1, known);
            else
                dimension.Text(2, "N");
            sizes.Bytes(1, dimension.ToArray());
        }
        using var tensor = new Message();
        tensor.Varint(1, 1).Bytes(2, sizes.ToArray());
        using var type = new Message();
        type.Bytes(1, tensor.ToArray());
        using var value = new Message();
        return value.Text(1, name).Bytes(2, type.ToArray()).ToArray();
    }

    /// <summary>The wire format of protocol buffers (protobuf.dev/programming-guides/encoding).</summary>
    private sealed class Message : IDisposable
    {
        private readonly MemoryStream _bytes = new();

        public Message Varint(int field, long value)
        {
            Tag(field, 0);
            Varint((ulong)value);
            return this;
        }

        public Message Single(int field, float value)
        {
            Tag(field, 5);
            _bytes.Write(BitConverter.GetBytes(value));
            return this;
        }

        public Message Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        public Message Bytes(int field, ReadOnlySpan<byte> value)
        {
            Tag(field, 2);
            Varint((ulong)value.Length);
            _bytes.Write(value);
            return this;
        }

        public byte[] ToArray() => _bytes.ToArray();

        public void Dispose() => _bytes.Dispose();

        private void Tag(int field, int kind) => Varint((ulong)((field << 3) | kind));

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}
