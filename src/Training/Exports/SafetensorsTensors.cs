using Atelier.Core;
using Atelier.Storage;
using Atelier.Storage.Safetensors;
using static TorchSharp.torch;

namespace Atelier.Training.Exports;

/// <summary>A tensor on its way into a file.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Values">Its values, on any device.</param>
public sealed record NamedTensor(string Name, Tensor Values);

/// <summary>Moves tensors in and out of safetensors files.</summary>
public static class SafetensorsTensors
{
    /// <summary>Reads a tensor; the caller disposes it.</summary>
    /// <exception cref="UserErrorException">The file has no tensor of that name, or of a type that tensors are not read from.</exception>
    public static Tensor Read(SafetensorsReader file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        var entry = file[name];
        var values = empty(entry.Shape, TypeOf(entry.Dtype, file.Source, name));
        if (entry.ByteLength > 0)
            file.Read(entry, 0, values.bytes);
        return values;
    }

    /// <summary>Writes a file of tensors in one atomic step.</summary>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var entries = tensors.Select(ToEntry).ToList();
        AtomicFile.WriteAsync(
            path,
            (stream, _) =>
            {
                SafetensorsWriter.Write(stream, entries, metadata);
                return Task.CompletedTask;
            },
            CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Describes a tensor for the writer; its bytes are read when they are written.</summary>
    public static SafetensorsTensor ToEntry(NamedTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new SafetensorsTensor(tensor.Name, DtypeOf(tensor.Values.dtype), tensor.Values.shape, stream =>
        {
            using var scope = NewDisposeScope();
            stream.Write(tensor.Values.detach().cpu().contiguous().bytes);
        });
    }

    private static ScalarType TypeOf(TensorDtype dtype, string source, string name) => dtype switch
    {
        TensorDtype.F64 => ScalarType.Float64,
        TensorDtype.F32 => ScalarType.Float32,
        TensorDtype.F16 => ScalarType.Float16,
        TensorDtype.BF16 => ScalarType.BFloat16,
        TensorDtype.I64 => ScalarType.Int64,
        TensorDtype.I32 => ScalarType.Int32,
        TensorDtype.U8 => ScalarType.Byte,
        TensorDtype.BOOL => ScalarType.Bool,
        _ => throw new UserErrorException($"{source}: '{name}' has the unsupported type {dtype}"),
    };

    private static TensorDtype DtypeOf(ScalarType type) => type switch
    {
        ScalarType.Float64 => TensorDtype.F64,
        ScalarType.Float32 => TensorDtype.F32,
        _ => throw new ArgumentException($"tensors of {type} cannot be written", nameof(type)),
    };
}
