using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        full((ReadOnlySpan<long>)size, value, dtype, device, requires_grad);

    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(long size, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        full((ReadOnlySpan<long>)[size], value, dtype, device, requires_grad);

    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(long rows, long columns, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        full((ReadOnlySpan<long>)[rows, columns], value, dtype, device, requires_grad);

    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(long dim0, long dim1, long dim2, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        full((ReadOnlySpan<long>)[dim0, dim1, dim2], value, dtype, device, requires_grad);

    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(long dim0, long dim1, long dim2, long dim3, Scalar value, ScalarType? dtype = null,
        Device? device = null, bool requires_grad = false, string[]? names = null) =>
        full((ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], value, dtype, device, requires_grad);

    /// <summary>A tensor of one value, float32 for a real one unless given.</summary>
    public static Tensor full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names));
        return Marked(Own(atorch_full(size, size.Length, Number.Of(value), Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of one value, like another in shape and, unless given, dtype and device.</summary>
    public static Tensor full_like(Tensor input, Scalar value, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names, input));
        return Marked(Own(atorch_full_like(input.handle, Number.Of(value), Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>Ones on the diagonal, zeros elsewhere; square unless columns are given.</summary>
    public static Tensor eye(long rows, long columns = -1, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names));
        return Marked(Own(atorch_eye(rows, columns < 0 ? rows : columns, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>0, 1, … below stop; int64 for whole numbers, float32 for real ones, unless given.</summary>
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    /// <summary>start, start + 1, … below stop; int64 for whole numbers, float32 for real ones, unless given.</summary>
    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        arange(start, stop, 1, dtype, device, requires_grad);

    /// <summary>start, start + step, … below stop; int64 for whole numbers, float32 for real ones, unless given.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false)
    {
        var (kind, index) = Place(Resolve(device, null));
        var status = atorch_arange(Number.Of(start), Number.Of(stop), Number.Of(step), Code(dtype), kind, index, out var result);
        return Marked(Own(status, result), requires_grad);
    }

    /// <summary>Evenly spaced values from start to end, both included.</summary>
    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false)
    {
        var (kind, index) = Place(Resolve(device, null));
        return Marked(Own(atorch_linspace(start, end, steps, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>The device of a factory: the given one, that of the tensor it is like, or the host.</summary>
    private static Device? Resolve(Device? device, string[]? names, Tensor? like = null)
    {
        if (names is not null) throw new NotSupportedException("Named dimensions are not supported.");
        return device is null && like is not null ? null : InitializeDevice(device);
    }

    /// <summary>libtorch's factories take no such flag, so it is set afterwards.</summary>
    private static Tensor Marked(Tensor tensor, bool requires_grad) => requires_grad ? tensor.requires_grad_() : tensor;
}
