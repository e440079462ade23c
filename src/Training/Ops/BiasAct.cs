using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>Bias, activation, gain and clamp in one pass; differentiable any number of times. Native: <c>native/ops/bias_act</c>.</summary>
public static class BiasAct
{
    /// <summary>clamp(act(x + b)·gain, ±clamp)</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="bias">[x.shape[dim]] or null.</param>
    /// <param name="dim">The dimension that the bias runs along.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="alpha">Slope of leaky ReLU below 0; null for <see cref="ActivationDefaults.DefaultAlpha"/>.</param>
    /// <param name="gain">Null for <see cref="ActivationDefaults.DefaultGain"/>.</param>
    /// <param name="clamp">Bound on the result's magnitude, or null.</param>
    /// <returns>Of x's shape.</returns>
    /// <exception cref="NativeOpException">The bias does not fit.</exception>
    public static Tensor Apply(
        Tensor x, Tensor? bias = null, int dim = 1, Activation activation = Activation.Linear,
        double? alpha = null, double? gain = null, double? clamp = null)
    {
        int status = OpsLibrary.BiasAct(x.Handle, NativeOp.Handle(bias), dim, new NativeActivation(activation, alpha, gain, clamp), out var result);
        return NativeOp.Result("bias_act", status, result, x, bias);
    }
}
