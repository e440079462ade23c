using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>An ordinary convolution with equalised learning rate, optional resampling, bias and activation.</summary>
internal sealed class ConvLayer
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Tensor _filter;
    private readonly double _weightGain;
    private readonly int _up;
    private readonly int _down;
    private readonly Activation _activation;
    private readonly double? _clamp;

    public ConvLayer(
        INetworkTensors tensors, int inputs, int outputs, int kernel, bool bias = true, Activation activation = Activation.LeakyRelu,
        int up = 1, int down = 1, double? clamp = null, bool trainable = true)
    {
        (_up, _down, _activation, _clamp) = (up, down, activation, clamp);
        _weightGain = 1 / Math.Sqrt(inputs * kernel * kernel);
        _weight = tensors.Parameter("weight", [outputs, inputs, kernel, kernel], Initial.Normal, trainable);
        _bias = bias ? tensors.Parameter("bias", [outputs], Initial.Zero, trainable) : null;
        _filter = tensors.ResampleFilter();
    }

    /// <param name="x">[N, inputs, H, W]</param>
    /// <param name="gain">Scales the output (√½ on residual branches).</param>
    /// <returns>[N, outputs, H·up/down, W·up/down]</returns>
    public Tensor Forward(Tensor x, double gain = 1)
    {
        double activationGain = _activation == Activation.LeakyRelu ? Math.Sqrt(2) : 1;
        return ConvLayerOp.Apply(x, _weight, _weightGain, _bias, _up == 1 && _down == 1 ? null : _filter, _up, _down, _activation, activationGain * gain, _clamp * gain);
    }
}
