using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>A synthesis layer as one function, twice differentiable. Native: <c>native/ops/modulated_conv2d</c>, <c>native/ops/layer</c>.</summary>
public static class SynthesisLayerOp
{
    /// <summary>clamp(act(modulated_conv2d(x, weight, styles) + strength·noise + bias)·gain), demodulated.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, kh, kw]</param>
    /// <param name="styles">[N, I]</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="noise">[N or 1, 1, H·up, W·up] or null.</param>
    /// <param name="noiseStrength">[] or null for 1.</param>
    /// <param name="bias">[O]</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="flipWeight">True correlates, false convolves.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="gain">Scales the activation.</param>
    /// <param name="clamp">Bound on the result's magnitude, or null.</param>
    /// <returns>[N, O, H·up, W·up] for padding kernel/2.</returns>
    /// <exception cref="NativeOpException">Shapes or dtypes do not fit.</exception>
    public static Tensor Apply(
        Tensor x, Tensor weight, Tensor styles, Tensor? filter, Tensor? noise, Tensor? noiseStrength, Tensor bias,
        int up, int padding, bool flipWeight, Activation activation, double gain, double? clamp)
    {
        int status = OpsLibrary.SynthesisLayer(
            x.Handle, weight.Handle, styles.Handle, NativeOp.Handle(filter), NativeOp.Handle(noise), NativeOp.Handle(noiseStrength), bias.Handle,
            up, padding, flipWeight ? 1 : 0, new NativeActivation(activation, gain: gain, clamp: clamp), out var result);
        return NativeOp.Result("synthesis_layer", status, result, x, weight, styles, filter, noise, noiseStrength, bias);
    }
}
