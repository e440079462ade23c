using System.Buffers.Binary;
using System.Text;

namespace Atelier.Training.Tests.Exports;

/// <summary>
/// Writes pickles in the form of the published trainers, opcode by opcode: modules reduced by torch_utils.persistence, tensors
/// over storages that are pickles of torch.save themselves.
/// </summary>
internal sealed class PublishedPickle
{
    private readonly List<byte> _bytes = [];

    public static PublishedPickle Begin(byte protocol = 4) => new PublishedPickle().Raw(0x80, protocol);

    /// <summary>A whole file with one generator under G_ema.</summary>
    /// <param name="tensors">Names, shapes and values, as in a state dict.</param>
    /// <param name="settings">Writes the value of <c>_init_kwargs</c>.</param>
    public static byte[] Of(IEnumerable<(string Name, long[] Shape, float[] Values)> tensors, Action<PublishedPickle>? settings = null)
    {
        var pickle = Begin().Raw((byte)'}').Text("G_ema");
        pickle.Module("Generator", [.. tensors.Select(tensor => (tensor.Name.Split('.'), tensor.Shape, tensor.Values))], settings);
        return pickle.Raw((byte)'s').End();
    }

    public byte[] End()
    {
        Raw((byte)'.');
        return [.. _bytes];
    }

    public PublishedPickle Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PublishedPickle Text(string text) => Raw([(byte)'X', .. Int32(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)]);

    public PublishedPickle Number(long number) => Raw([(byte)'J', .. Int32((int)number)]);

    public PublishedPickle Global(string module, string name) => Text(module).Text(name).Raw(0x93);

    public PublishedPickle Tuple(params ReadOnlySpan<long> numbers)
    {
        Raw((byte)'(');
        foreach (long number in numbers)
            Number(number);
        return Raw((byte)'t');
    }

    /// <summary>A module; its children are told by the first part of the names.</summary>
    public PublishedPickle Module(string className, List<(string[] Path, long[] Shape, float[] Values)> tensors, Action<PublishedPickle>? settings = null, Action<PublishedPickle>? modules = null)
    {
        Global("torch_utils.persistence", "_reconstruct_persistent_obj");
        Global("dnnlib.util", "EasyDict").Raw((byte)')', 0x81, (byte)'(');
        Text("type").Text("class").Text("version").Number(6).Text("module_src").Text("import os; os.system('true')").Text("class_name").Text(className).Text("state");
        Raw((byte)'}', (byte)'(');
        Text("training").Raw(0x89).Text("_init_kwargs");
        if (settings is null)
            Raw((byte)'}');
        else
            settings(this);
        bool IsBuffer(string name) => name is "w_avg" or "noise_const" or "resample_filter";
        var own = tensors.Where(tensor => tensor.Path.Length == 1).ToList();
        Text("_parameters").Tensors(own.Where(tensor => !IsBuffer(tensor.Path[0])), parameters: true);
        Text("_buffers").Tensors(own.Where(tensor => IsBuffer(tensor.Path[0])), parameters: false);
        Text("_modules");
        if (modules is not null)
        {
            modules(this);
        }
        else
        {
            Dictionary();
            foreach (var child in tensors.Where(tensor => tensor.Path.Length > 1).GroupBy(tensor => tensor.Path[0]))
                Text(child.Key).Module("Layer", [.. child.Select(tensor => (tensor.Path[1..], tensor.Shape, tensor.Values))]).Raw((byte)'s');
        }
        return Raw((byte)'u', (byte)'u', 0x85, (byte)'R');
    }

    public PublishedPickle Dictionary() => Global("collections", "OrderedDict").Raw((byte)')', (byte)'R');

    public PublishedPickle Tensor(long[] shape, float[] values, long[]? stride = null, long offset = 0)
    {
        if (stride is null)
        {
            stride = new long[shape.Length];
            for (long next = 1, i = shape.Length - 1; i >= 0; next *= shape[i--])
                stride[i] = next;
        }
        Global("torch._utils", "_rebuild_tensor_v2").Raw((byte)'(');
        var storage = Storage(values);
        Global("torch.storage", "_load_from_bytes").Raw([(byte)'B', .. Int32(storage.Length), .. storage, 0x85, (byte)'R']);
        return Number(offset).Tuple(shape).Tuple(stride).Raw(0x89).Dictionary().Raw((byte)'t', (byte)'R');
    }

    /// <summary>A numpy array of float32 in C order; a number where <paramref name="shape"/> is empty, as TensorFlow gives scalars.</summary>
    public PublishedPickle Array(long[] shape, float[] values, string type = "f4")
    {
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan());
        if (shape.Length == 0)
            return Global("numpy.core.multiarray", "scalar").NumberType(type).Bytes(bytes).Raw(0x86, (byte)'R');
        Global("numpy.core.multiarray", "_reconstruct").Global("numpy", "ndarray").Raw((byte)'K', 0, 0x85).Bytes("b"u8).Raw(0x87, (byte)'R');
        return Raw((byte)'(', (byte)'K', 1).Tuple(shape).NumberType(type).Raw(0x89).Bytes(bytes).Raw((byte)'t', (byte)'b');
    }

    private PublishedPickle NumberType(string type) =>
        Global("numpy", "dtype").Text(type).Raw(0x89, 0x88, 0x87, (byte)'R', (byte)'(', (byte)'K', 3).Text("<").Raw((byte)'N', (byte)'N', (byte)'N').Number(-1).Number(-1).Raw((byte)'K', 0, (byte)'t', (byte)'b');

    private PublishedPickle Bytes(ReadOnlySpan<byte> bytes) => Raw([(byte)'B', .. Int32(bytes.Length), .. bytes]);

    private void Tensors(IEnumerable<(string[] Path, long[] Shape, float[] Values)> tensors, bool parameters)
    {
        Dictionary();
        foreach (var (path, shape, values) in tensors)
        {
            Text(path[0]);
            if (parameters)
                Global("torch._utils", "_rebuild_parameter").Raw((byte)'(');
            Tensor(shape, values);
            if (parameters)
                Raw(0x88).Dictionary().Raw((byte)'t', (byte)'R');
            Raw((byte)'s');
        }
    }

    /// <summary>What torch.save made of a storage before it made zip files.</summary>
    private static byte[] Storage(float[] values)
    {
        var count = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(count, values.Length);
        return
        [
            .. Begin(2).Raw(0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19).End(),
            .. Begin(2).Raw((byte)'M', 0xE9, 0x03).End(),
            .. Begin(2).Raw((byte)'}', (byte)'(').Text("little_endian").Raw(0x88).Text("protocol_version").Raw((byte)'M', 0xE9, 0x03).Raw((byte)'u').End(),
            .. Begin(2).Raw((byte)'(').Text("storage").Raw([(byte)'c', .. "torch\nFloatStorage\n"u8]).Text("7").Text("cpu").Number(values.Length).Raw((byte)'N', (byte)'t', (byte)'Q').End(),
            .. Begin(2).Raw((byte)']').Text("7").Raw((byte)'a').End(),
            .. count,
            .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()),
        ];
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
