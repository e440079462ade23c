using System.Runtime.InteropServices;
using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using Atelier.Training.Numerics;
using TorchSharp;

namespace Atelier.Training.Ops;

/// <summary>
/// Whether ops run the kernels of <c>Atelier.Kernels</c>, those for processors or those for GPUs, or are composed of libtorch's own
/// functions.
/// </summary>
public static unsafe class OpKernels
{
    /// <summary>Set to <c>plain</c>, processes start with <see cref="Plain"/>.</summary>
    public const string PlainVariable = "ATELIER_KERNELS";

    private static volatile bool _plain = Environment.GetEnvironmentVariable(PlainVariable) == "plain";

    /// <summary>True: libtorch's functions everywhere, as on a device without kernels (<c>--kernels plain</c>).</summary>
    public static bool Plain
    {
        get => _plain;
        set => _plain = value;
    }

    /// <summary>What the processor's kernels run on in this process, in words.</summary>
    public static string InstructionSet => _plain ? "not used (plain)" : VectorInstructions.Name;

    /// <summary>What a device's kernels run on, in words.</summary>
    public static string RunsOn(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Type == DeviceType.CPU ? InstructionSet : "NVIDIA GPUs";
    }

    /// <summary>
    /// GPU kernels that this thread runs on tensors in the host's memory, in place of those for processors: tests compile them for
    /// the processor, and compare all ops.
    /// </summary>
    [field: ThreadStatic]
    internal static GpuKernels? Emulated { get; set; }

    /// <summary>Why ops on a device are composed of libtorch's functions, in words; null where kernels run them. A GPU must have been opened.</summary>
    public static string? WhyPlain(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (_plain)
            return "plain ops: --kernels plain builds every op from libtorch functions, several times slower than Atelier's kernels";
        return device.Type == DeviceType.CUDA && GpuRuntime.Failure(device.Index ?? 0) is { } failure
            ? $"plain ops: Atelier's kernels cannot run on {device}, so every op is built from libtorch functions, which is slower: {failure}"
            : null;
    }

    /// <summary>Whether an op on this tensor runs kernels for processors: float32 in the host's memory. float64 is always plain.</summary>
    internal static bool Fit(Tensor tensor) =>
        !_plain && tensor.dtype == torch.ScalarType.Float32 && tensor.device_type == DeviceType.CPU && Emulated is null;

    /// <summary>
    /// The kernels that an op on this tensor runs in a GPU's memory: float32, float16 or bfloat16. Null where there are none, and for
    /// more elements than their indices count.
    /// </summary>
    internal static GpuKernels? Gpu(Tensor tensor)
    {
        if (_plain)
            return null;
        // On processors nearly every op asks, and ends here.
        var kernels = tensor.device_type switch
        {
            DeviceType.CPU => Emulated,
            DeviceType.CUDA => GpuRuntime.Kernels(tensor.device_index),
            _ => null,
        };
        return kernels is not null && tensor.dtype is (torch.ScalarType.Float32 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16) && tensor.numel() <= int.MaxValue ? kernels : null;
    }

    /// <summary>Whether a GPU that tensors are on has kernels.</summary>
    internal static bool HasGpu(torch.Device device) => !_plain && device.type == DeviceType.CUDA && GpuRuntime.Kernels(device.index) is not null;

    /// <summary>Where a contiguous float32 tensor's numbers are; null for no tensor. Valid while the tensor lives.</summary>
    internal static float* Floats(Tensor? tensor)
    {
        if (tensor is null)
            return null;
        if (tensor.dtype != torch.ScalarType.Float32 || !tensor.is_contiguous())
            throw new OpException($"a kernel takes contiguous float32, not {tensor.dtype} {OpException.Shape(tensor)}");
        return (float*)Address(tensor);
    }

    /// <summary>The number in a float32 tensor of one element.</summary>
    internal static float Number(Tensor tensor)
    {
        float number = *Floats(tensor);
        GC.KeepAlive(tensor);
        return number;
    }

    /// <summary>Where a contiguous float64 tensor's numbers are.</summary>
    internal static double* Doubles(Tensor tensor)
    {
        if (tensor.dtype != torch.ScalarType.Float64 || !tensor.is_contiguous())
            throw new OpException($"must be contiguous float64, not {tensor.dtype} {OpException.Shape(tensor)}");
        return (double*)Address(tensor);
    }

    /// <summary>Where a tensor's numbers are, of whatever kind, in whatever memory. Valid while the tensor lives.</summary>
    public static nint Address(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Data(tensor.Handle);
    }

    [DllImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
#pragma warning disable SYSLIB1054 // blittable
    private static extern nint Data(nint tensor);
#pragma warning restore SYSLIB1054
}
