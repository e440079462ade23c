using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using Atelier.Storage.Safetensors;

namespace Atelier.Training.Pickles;

/// <summary>A module that <c>torch_utils.persistence</c> pickled: its class by name, that class's source as text, and its state.</summary>
/// <param name="ClassName">The class, e.g. <c>Generator</c>.</param>
/// <param name="Source">Python source; read for default values, never executed.</param>
/// <param name="State">Attributes: <c>_parameters</c>, <c>_buffers</c>, <c>_modules</c>, <c>_init_kwargs</c>, …</param>
internal sealed record PersistentModule(string ClassName, string Source, PickledDictionary State);

/// <summary>A network that <c>dnnlib.tflib</c> pickled, as the TensorFlow trainers do.</summary>
internal sealed class TensorFlowNetwork : IPickleState
{
    public const string ClassName = "dnnlib.tflib.network.Network";

    /// <summary><c>version</c>, <c>static_kwargs</c>, <c>components</c>, <c>build_func_name</c>, <c>variables</c>; and Python source, which is not looked at.</summary>
    public PickledDictionary State { get; private set; } = new();

    public void SetState(object? state) =>
        State = state as PickledDictionary ?? throw new InvalidDataException("one of its networks has an unexpected state");
}

/// <summary>What the published networks' pickles and PyTorch's state dicts may hold.</summary>
/// <param name="storages">Storages that lie outside the pickle, by their keys; null where there are none.</param>
internal sealed class TorchPickle(Func<TensorDtype, string, long, TorchStorage>? storages) : PickleRules
{
    private const string Persistence = "torch_utils.persistence._reconstruct_persistent_obj";
    private const string NestedStorage = "torch.storage._load_from_bytes";
    private const string Tensor = "torch._utils._rebuild_tensor_v2";
    private const string OldTensor = "torch._utils._rebuild_tensor";
    private const string Parameter = "torch._utils._rebuild_parameter";
    private const string OrderedDictionary = "collections.OrderedDict";
    private const string EasyDictionary = "dnnlib.util.EasyDict";
    private const string Size = "torch.Size";
    private const string Set = "builtins.set";

    private static readonly HashSet<string> Names =
    [
        Persistence, NestedStorage, Tensor, OldTensor, Parameter, OrderedDictionary, EasyDictionary, "dnnlib.EasyDict", Size, Set,
        TensorFlowNetwork.ClassName, PickledNumberType.ClassName, PickledArray.Reconstruct, PickledArray.ClassName, .. PickledNumberType.ScalarNames,
    ];

    public override string Who => "published networks";

    public override bool Accepts(string name) => Names.Contains(name) || TorchStorage.TypeOf(name) is not null;

    public override object? Call(PickledName name, object?[] arguments) => (name.Text, arguments) switch
    {
        (Persistence, [PickledDictionary meta]) => Module(meta),
        (NestedStorage, [ReadOnlyMemory<byte> bytes]) => TorchFile.ReadLegacy(bytes) as TorchStorage ?? throw new InvalidDataException("one of its storages is not a storage"),
        (Tensor or OldTensor, [TorchStorage storage, long offset, object?[] shape, object?[] stride, ..]) => TorchTensor.Checked(storage, offset, shape, stride),
        (Parameter, [TorchTensor tensor, ..]) => tensor,
        (OrderedDictionary, []) => new PickledDictionary(),
        (OrderedDictionary, [List<object?> pairs]) => Dictionary(pairs),
        (EasyDictionary or "dnnlib.EasyDict", []) => new PickledDictionary(),
        (Size, [object?[] sizes]) => sizes,
        (Set, [List<object?> items]) => SetOf(items),
        (PickledNumberType.ClassName, [var type, ..]) when PickledText.Of(type) is { } text => new PickledNumberType(text),
        ({ } text, [PickledNumberType type, ReadOnlyMemory<byte> value]) when PickledNumberType.ScalarNames.Contains(text) => type.Read(value.Span),
        (PickledArray.Reconstruct, [PickledName { Text: PickledArray.ClassName }, ..]) => new PickledArray(),
        (TensorFlowNetwork.ClassName, []) => new TensorFlowNetwork(),
        _ => null,
    };

    public override object? Persistent(object? id) =>
        id is object?[] { Length: >= 5 } parts && PickledText.Of(parts[0]) == "storage" && parts[1] is PickledName type && TorchStorage.TypeOf(type.Text) is { } dtype
            && PickledText.Of(parts[2]) is { } key && parts[4] is long count and >= 0 && parts.ElementAtOrDefault(5) is null
            ? storages?.Invoke(dtype, key, count)
            : null;

    private static PersistentModule Module(PickledDictionary meta)
    {
        if (PickledText.Of(meta["type"]) != "class" || PickledText.Of(meta["class_name"]) is not { } name || meta["state"] is not PickledDictionary state)
            throw new InvalidDataException("one of its modules has no class name or no state");
        return new PersistentModule(name, PickledText.Of(meta["module_src"]) ?? "", state);
    }

    private static PickledDictionary Dictionary(List<object?> pairs)
    {
        var dictionary = new PickledDictionary();
        foreach (var pair in pairs)
        {
            if (pair is not object?[] { Length: 2 } parts && !(pair is List<object?> { Count: 2 }))
                throw new InvalidDataException("one of its dictionaries is damaged");
            var both = pair as object?[] ?? [.. (List<object?>)pair];
            dictionary.Add(both[0], both[1]);
        }
        return dictionary;
    }

    private static PickledSet SetOf(List<object?> items)
    {
        var set = new PickledSet();
        set.Items.AddRange(items);
        return set;
    }
}

/// <summary>Files of pickles: plain ones, and those of <c>torch.save</c>, old (pickles behind each other) and new (zip).</summary>
internal static class TorchFile
{
    private const long LegacyProtocol = 1001;
    private const int MostPickleBytes = 256_000_000;

    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads a file's root object.</summary>
    /// <param name="file">Its bytes; they are not copied.</param>
    /// <exception cref="InvalidDataException">It is none of these, or holds what is not accepted.</exception>
    public static object? Read(ReadOnlyMemory<byte> file)
    {
        if (file.Span.StartsWith("PK"u8))
            return ReadZip(file);
        return IsLegacy(file) ? ReadLegacy(file) : PickleReader.Read(file, new TorchPickle(storages: null));
    }

    /// <summary>Reads what <c>torch.save</c> wrote before it wrote zip files, and still writes inside pickles.</summary>
    public static object? ReadLegacy(ReadOnlyMemory<byte> file)
    {
        var storages = new Dictionary<string, TorchStorage>(StringComparer.Ordinal);
        var rules = new TorchPickle((dtype, key, count) =>
        {
            if (!storages.TryGetValue(key, out var storage))
                storages.Add(key, storage = new TorchStorage(dtype, count));
            return storage.Dtype == dtype && storage.Count == count ? storage : throw new InvalidDataException("two views of a storage contradict each other");
        });
        object? Next()
        {
            var value = PickleReader.Read(file, rules, out int length);
            file = file[length..];
            return value;
        }
        if (Next() is not BigInteger magic || magic != LegacyMagic || Next() is not LegacyProtocol)
            throw new InvalidDataException("it was not written by torch.save");
        if (Next() is PickledDictionary system && system["little_endian"] is false)
            throw new InvalidDataException("its numbers are big-endian, which is not supported");
        var root = Next();
        if (Next() is not List<object?> keys)
            throw new InvalidDataException("its list of storages is missing");
        foreach (var key in keys)
        {
            if (PickledText.Of(key) is not { } name || !storages.TryGetValue(name, out var storage))
                throw new InvalidDataException("it lists a storage that it does not use");
            long length = checked(storage.Count * storage.Dtype.ElementBytes());
            if (file.Length < sizeof(long) || file.Length - sizeof(long) < length)
                throw new InvalidDataException("it is truncated in the data of a tensor");
            if (BinaryPrimitives.ReadInt64LittleEndian(file.Span) != storage.Count)
                throw new InvalidDataException("the length of a storage does not match the pickle");
            var bytes = file.Slice(sizeof(long), (int)length);
            storage.ReadFrom(() => bytes);
            file = file[(sizeof(long) + (int)length)..];
        }
        return root;
    }

    private static bool IsLegacy(ReadOnlyMemory<byte> file) => file.Length > 14 && file.Span[0] == 0x80 && file.Span[2] == (byte)PickleOpcode.Long1 && file.Span[3] == 10;

    private static object? ReadZip(ReadOnlyMemory<byte> file)
    {
        // The archive stays open as long as its storages are read from.
        var archive = new ZipArchive(new MemoryOfBytes(file), ZipArchiveMode.Read);
        var pickle = archive.Entries.FirstOrDefault(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
            ?? throw new InvalidDataException("it is a zip file without data.pkl, so it was not written by torch.save");
        string folder = pickle.FullName[..^"data.pkl".Length];
        if (archive.GetEntry(folder + "byteorder") is { } order && Content(order, 16).Span.SequenceEqual("big"u8))
            throw new InvalidDataException("its numbers are big-endian, which is not supported");
        return PickleReader.Read(Content(pickle, MostPickleBytes), new TorchPickle((dtype, key, count) =>
        {
            var entry = archive.GetEntry($"{folder}data/{key}") ?? throw new InvalidDataException($"its storage {key} is missing");
            var storage = new TorchStorage(dtype, count);
            storage.ReadFrom(() => Content(entry, int.MaxValue));
            return storage;
        }));
    }

    private static ReadOnlyMemory<byte> Content(ZipArchiveEntry entry, int most)
    {
        // torch.save compresses nothing; what is compressed could unpack to anything.
        if (entry.CompressedLength != entry.Length || entry.Length > most)
            throw new InvalidDataException($"{entry.FullName} has {entry.Length:#,0} bytes in {entry.CompressedLength:#,0}, but torch.save does not compress");
        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Bytes in memory as a stream, without a copy.</summary>
    private sealed class MemoryOfBytes(ReadOnlyMemory<byte> bytes) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Clamp(bytes.Length - Position, 0, buffer.Length);
            bytes.Span.Slice((int)Position, count).CopyTo(buffer);
            Position += count;
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            Position = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => bytes.Length };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
