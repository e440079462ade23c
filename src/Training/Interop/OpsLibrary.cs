using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>
/// The raw imports of <c>libatelier_ops.so</c>; <c>native/ops/abi/exports.cpp</c> has them on one page. Tensors are the
/// <c>at::Tensor*</c> of <see cref="Tensor.Handle"/>, zero for one left out; a result belongs to the caller.
/// </summary>
internal static partial class OpsLibrary
{
    private const string Library = "atelier_ops";

    [LibraryImport(Library, EntryPoint = "atelier_ops_bias_act")]
    internal static partial int BiasAct(nint x, nint bias, long dim, in NativeActivation activation, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_upfirdn2d")]
    internal static partial int Upfirdn2d(
        nint x, nint filter, long upX, long upY, long downX, long downY,
        long left, long right, long top, long bottom, int flip, double gain, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_conv2d_resample")]
    internal static partial int Conv2dResample(
        nint x, nint weight, nint filter, long up, long down, long padding, long groups, int flipWeight, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_modulated_conv2d")]
    internal static partial int ModulatedConv2d(
        nint x, nint weight, nint styles, nint noise, nint filter, long up, long padding, int flipWeight, int demodulate, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_synthesis_layer")]
    internal static partial int SynthesisLayer(
        nint x, nint weight, nint styles, nint filter, nint noise, nint strength, nint bias,
        long up, long padding, int flipWeight, in NativeActivation activation, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_to_rgb")]
    internal static partial int ToRgb(nint x, nint weight, nint styles, nint bias, double clamp, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_conv_layer")]
    internal static partial int ConvLayer(
        nint x, nint weight, double weightGain, nint bias, nint filter, long up, long down, in NativeActivation activation, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_fully_connected")]
    internal static partial int FullyConnected(
        nint x, nint weight, double weightGain, nint bias, double biasGain, in NativeActivation activation, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_minibatch_std")]
    internal static partial int MinibatchStd(nint x, long group, long channels, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_augment")]
    internal static partial int Augment(nint x, nint parameters, nint noise, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_adam_step")]
    internal static partial int AdamStep(
        nint parameters, nint gradient, nint firstMoment, nint secondMoment, double learningRate, double beta1, double beta2, double epsilon,
        long step, double gradientScale, out long nans, out long infinities);

    [LibraryImport(Library, EntryPoint = "atelier_ops_ema")]
    internal static partial int Ema(nint ema, nint parameters, double beta);

    [LibraryImport(Library, EntryPoint = "atelier_ops_philox_fill")]
    internal static partial int PhiloxFill(nint destination, int normal, ulong key, ulong counterHigh, ulong firstElement);

    [LibraryImport(Library, EntryPoint = "atelier_ops_gram")]
    internal static partial int Gram(nint x, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_root_trace")]
    internal static partial int RootTrace(nint matrix, out double result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_script_load", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ScriptLoad(string path, string device, string[] flags, int count, out ScriptModuleHandle module);

    [LibraryImport(Library, EntryPoint = "atelier_ops_script_forward", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ScriptForward(ScriptModuleHandle module, nint x, string[] flags, int[] values, int count, out nint result);

    [LibraryImport(Library, EntryPoint = "atelier_ops_script_free")]
    internal static partial void ScriptFree(nint module);

    [LibraryImport(Library, EntryPoint = "atelier_ops_use_references")]
    internal static partial void UseReferences(int on);

    [LibraryImport(Library, EntryPoint = "atelier_ops_libtorch_version")]
    internal static partial nint LibtorchVersion();

    [LibraryImport(Library, EntryPoint = "atelier_ops_onednn_version")]
    internal static partial nint OneDnnVersion();

    [LibraryImport(Library, EntryPoint = "atelier_ops_blas")]
    internal static partial nint Blas();

    [LibraryImport(Library, EntryPoint = "atelier_ops_instruction_set")]
    internal static partial nint InstructionSet();

    [LibraryImport(Library, EntryPoint = "atelier_ops_threads")]
    internal static partial int Threads();

    /// <summary>The reason of the last failure on this thread.</summary>
    internal static string LastError() => Text(LastErrorPointer());

    /// <summary>A string that the library owns.</summary>
    internal static string Text(nint pointer) => Marshal.PtrToStringUTF8(pointer) ?? "";

    [LibraryImport(Library, EntryPoint = "atelier_ops_last_error")]
    private static partial nint LastErrorPointer();
}
