using System.Runtime.InteropServices;
using Atelier.Training.Ops;

namespace Atelier.Training.Interop;

/// <summary>An activation with its numbers settled; <c>ActivationArguments</c> of the native library, field by field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeActivation(Activation activation, double? alpha = null, double? gain = null, double? clamp = null)
{
    private const double NoClamp = -1;

    private readonly int _activation = (int)activation;
    private readonly double _alpha = alpha ?? activation.DefaultAlpha();
    private readonly double _gain = gain ?? activation.DefaultGain();
    private readonly double _clamp = clamp ?? NoClamp;
}
