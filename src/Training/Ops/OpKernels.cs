using System.Runtime.InteropServices;
using Atelier.Kernels;
using TorchSharp;

namespace Atelier.Training.Ops;

/// <summary>Whether ops run the kernels of <c>Atelier.Kernels</c> or are composed of libtorch's own functions.</summary>
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

    /// <summary>What the kernels run on in this process, in words.</summary>
    public static string InstructionSet => _plain ? "not used (plain)" : VectorInstructions.Name;

    /// <summary>Why ops on a device are composed of libtorch's functions, in words; null where kernels run them.</summary>
    public static string? WhyPlain(DeviceType device) =>
        _plain ? "plain ops: --kernels plain builds every op from libtorch functions, several times slower than Atelier's kernels"
        : device != DeviceType.CPU ? $"plain ops: Atelier has no kernels for {device} yet, so every op is built from libtorch functions"
        : null;

    /// <summary>Whether an op on this tensor runs kernels: float32 in the host's memory. float64 is always plain.</summary>
    internal static bool Fit(Tensor tensor) => !_plain && tensor.dtype == torch.ScalarType.Float32 && tensor.device_type == DeviceType.CPU;

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

    /// <summary>Where a tensor's numbers are, of whatever kind.</summary>
    internal static nint Address(Tensor tensor) => Data(tensor.Handle);

    [DllImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
#pragma warning disable SYSLIB1054 // blittable
    private static extern nint Data(nint tensor);
#pragma warning restore SYSLIB1054
}
