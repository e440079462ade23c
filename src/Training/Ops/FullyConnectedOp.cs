using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>A fully connected layer with equalised learning rate. Native: <c>native/ops/fully_connected</c>.</summary>
public static class FullyConnectedOp
{
    /// <summary>act(x·(weight·weightGain)ᵀ + bias·biasGain) with the activation's default gain.</summary>
    /// <param name="x">[N, I]</param>
    /// <param name="weight">[O, I]</param>
    /// <param name="weightGain">Of equalised learning rate.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="biasGain">The layer's learning-rate multiplier.</param>
    /// <param name="activation">The activation.</param>
    /// <returns>[N, O]</returns>
    /// <exception cref="NativeOpException">Shapes do not fit.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, double weightGain, Tensor? bias, double biasGain, Activation activation)
    {
        int status = OpsLibrary.FullyConnected(
            x.Handle, weight.Handle, weightGain, NativeOp.Handle(bias), biasGain, new NativeActivation(activation), out var result);
        return NativeOp.Result("fully_connected", status, result, x, weight, bias);
    }
}
