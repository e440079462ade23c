using System.Runtime.InteropServices;
using Atelier.Kernels.Cuda;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>Tensors as GPU kernels see them: which precision, and in which of two orders images lie in memory.</summary>
internal static class GpuImages
{
    public static GpuNumber Number(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => GpuNumber.Float32,
        ScalarType.Float16 => GpuNumber.Float16,
        ScalarType.BFloat16 => GpuNumber.BFloat16,
        _ => throw new OpException($"GPU kernels take float32, float16 or bfloat16, not {tensor.dtype}"),
    };

    /// <summary>Whether an image lies as [N, H, W, C] and not as [N, C, H, W]; where it fits both, as with one pixel, it is not.</summary>
    public static bool IsChannelsLast(Tensor x) => x.dim() == 4 && !x.is_contiguous() && x.permute(0, 2, 3, 1).is_contiguous();

    /// <summary>The image without gaps in one of the orders.</summary>
    public static Tensor Dense(Tensor x, bool channelsLast) =>
        channelsLast ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : x.contiguous();

    /// <summary>Memory for an image of a shape, where <paramref name="like"/> is.</summary>
    public static Tensor Empty(Tensor like, long[] shape, bool channelsLast) => channelsLast
        ? empty([shape[0], shape[2], shape[3], shape[1]], like.dtype, like.device).permute(0, 3, 1, 2)
        : empty(shape, like.dtype, like.device);

    /// <summary>Memory for float32 numbers, where <paramref name="like"/> is.</summary>
    public static Tensor Floats(Tensor like, params ReadOnlySpan<long> shape) => empty(shape, ScalarType.Float32, like.device);

    /// <summary>A small operand as kernels take it; part of the graph.</summary>
    public static Tensor? Small(Tensor? tensor) => tensor?.to(ScalarType.Float32).contiguous();

    /// <summary>Structures in the memory where <paramref name="like"/> is.</summary>
    public static Tensor Structures<T>(Tensor like, ReadOnlySpan<T> values)
        where T : unmanaged =>
        tensor(MemoryMarshal.AsBytes(values).ToArray(), ScalarType.Byte).to(like.device);
}
