using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>A modulated 1×1 convolution to RGB, without demodulation.</summary>
internal sealed class ToRgbLayer
{
    private readonly FullyConnectedLayer _affine;
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly double _weightGain;
    private readonly double? _clamp;

    public ToRgbLayer(INetworkTensors tensors, int inputs, int styleSize, double? clamp)
    {
        _clamp = clamp;
        _weightGain = 1 / Math.Sqrt(inputs);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), styleSize, inputs, biasInitial: 1);
        _weight = tensors.Parameter("weight", [3, inputs, 1, 1], Initial.Normal);
        _bias = tensors.Parameter("bias", [3], Initial.Zero);
    }

    /// <param name="x">[N, inputs, H, W]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <returns>[N, 3, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style) => ToRgbOp.Apply(x, _weight, _affine.Forward(style) * _weightGain, _bias, _clamp);
}
