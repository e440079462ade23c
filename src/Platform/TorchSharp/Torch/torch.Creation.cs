using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        zeros((ReadOnlySpan<long>)size, dtype, device, requires_grad);

    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    public static Tensor zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        zeros((ReadOnlySpan<long>)[size], dtype, device, requires_grad);

    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        zeros((ReadOnlySpan<long>)[rows, columns], dtype, device, requires_grad);

    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        zeros((ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        zeros((ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A tensor of zeros; float32 on the host unless given.</summary>
    /// <param name="size">The shape.</param>
    /// <param name="dtype">The element type.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="requires_grad">Whether operations on it are recorded.</param>
    /// <param name="names">Not supported by libtorch's operators; must be null.</param>
    public static Tensor zeros(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names));
        return Marked(Own(atorch_zeros(size, size.Length, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of zeros, like another in shape and, unless given, dtype and device.</summary>
    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names, input));
        return Marked(Own(atorch_zeros_like(input.handle, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        ones((ReadOnlySpan<long>)size, dtype, device, requires_grad);

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    public static Tensor ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        ones((ReadOnlySpan<long>)[size], dtype, device, requires_grad);

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        ones((ReadOnlySpan<long>)[rows, columns], dtype, device, requires_grad);

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        ones((ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        ones((ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A tensor of ones; float32 on the host unless given.</summary>
    /// <param name="size">The shape.</param>
    /// <param name="dtype">The element type.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="requires_grad">Whether operations on it are recorded.</param>
    /// <param name="names">Not supported by libtorch's operators; must be null.</param>
    public static Tensor ones(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names));
        return Marked(Own(atorch_ones(size, size.Length, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of ones, like another in shape and, unless given, dtype and device.</summary>
    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names, input));
        return Marked(Own(atorch_ones_like(input.handle, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        empty((ReadOnlySpan<long>)size, dtype, device, requires_grad);

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    public static Tensor empty(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        empty((ReadOnlySpan<long>)[size], dtype, device, requires_grad);

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    public static Tensor empty(long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        empty((ReadOnlySpan<long>)[rows, columns], dtype, device, requires_grad);

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        empty((ReadOnlySpan<long>)[dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        empty((ReadOnlySpan<long>)[dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A tensor of whatever the memory holds; float32 on the host unless given.</summary>
    /// <param name="size">The shape.</param>
    /// <param name="dtype">The element type.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="requires_grad">Whether operations on it are recorded.</param>
    /// <param name="names">Not supported by libtorch's operators; must be null.</param>
    public static Tensor empty(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names));
        return Marked(Own(atorch_empty(size, size.Length, Code(dtype), kind, index, out var result), result), requires_grad);
    }

    /// <summary>A tensor of whatever the memory holds, like another in shape and, unless given, dtype and device.</summary>
    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null)
    {
        var (kind, index) = Place(Resolve(device, names, input));
        return Marked(Own(atorch_empty_like(input.handle, Code(dtype), kind, index, out var result), result), requires_grad);
    }
}
