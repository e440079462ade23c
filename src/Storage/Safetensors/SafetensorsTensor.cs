using System.Runtime.InteropServices;

namespace Atelier.Storage.Safetensors;

/// <summary>A tensor to be written to a safetensors file.</summary>
/// <param name="Name">Its name; unique in the file, not `__metadata__`.</param>
/// <param name="Dtype">Its element type.</param>
/// <param name="Shape">Its sizes; empty for a scalar.</param>
/// <param name="WriteTo">Writes exactly its bytes, little-endian, in row-major order.</param>
public sealed record SafetensorsTensor(string Name, TensorDtype Dtype, long[] Shape, Action<Stream> WriteTo)
{
    /// <summary>Number of bytes that the shape and element type ask for.</summary>
    public long ByteLength => SafetensorsHeader.Bytes(Shape, Dtype) ?? throw new ArgumentException($"`{Name}` is too large.");

    /// <summary>A tensor of bytes at hand.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Its element type.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="bytes">Its bytes.</param>
    public static SafetensorsTensor OfBytes(string name, TensorDtype dtype, long[] shape, ReadOnlyMemory<byte> bytes) =>
        new(name, dtype, shape, stream => stream.Write(bytes.Span));

    /// <summary>A tensor of float64 numbers.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="values">Its elements.</param>
    public static SafetensorsTensor Of(string name, long[] shape, double[] values) =>
        new(name, TensorDtype.F64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));

    /// <summary>A tensor of 64-bit integers.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="values">Its elements.</param>
    public static SafetensorsTensor Of(string name, long[] shape, long[] values) =>
        new(name, TensorDtype.I64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
}
