using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>An ordinary convolution layer as one function, twice differentiable. Native: <c>native/ops/conv_layer</c>, <c>native/ops/layer</c>.</summary>
public static class ConvLayerOp
{
    /// <summary>clamp(act(conv2d_resample(x, weight·weightGain) + bias)·gain) with padding kernel/2, correlating unless it goes up.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, k, k]</param>
    /// <param name="weightGain">Of equalised learning rate.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="down">Factor, 1 for none.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="gain">Scales the activation.</param>
    /// <param name="clamp">Bound on the result's magnitude, or null.</param>
    /// <returns>[N, O, H·up/down, W·up/down]</returns>
    /// <exception cref="NativeOpException">Shapes or dtypes do not fit.</exception>
    public static Tensor Apply(
        Tensor x, Tensor weight, double weightGain, Tensor? bias, Tensor? filter, int up, int down,
        Activation activation, double gain, double? clamp)
    {
        int status = OpsLibrary.ConvLayer(
            x.Handle, weight.Handle, weightGain, NativeOp.Handle(bias), NativeOp.Handle(filter), up, down,
            new NativeActivation(activation, gain: gain, clamp: clamp), out var result);
        return NativeOp.Result("conv_layer", status, result, x, weight, bias, filter);
    }
}
