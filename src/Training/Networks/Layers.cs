using Atelier.Training.Interop;
using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>An ordinary convolution with equalised learning rate, optional resampling, bias and activation.</summary>
internal sealed class ConvLayer
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly ConvolutionLayer _layer;
    private readonly double _weightGain;
    private readonly Activation _activation;
    private readonly double? _clamp;

    public ConvLayer(
        INetworkTensors tensors, int inputs, int outputs, int kernel, bool bias = true, Activation activation = Activation.LeakyRelu,
        int up = 1, int down = 1, double? clamp = null, bool trainable = true)
    {
        (_activation, _clamp) = (activation, clamp);
        _weightGain = 1 / Math.Sqrt(inputs * kernel * kernel);
        _weight = tensors.Parameter("weight", [outputs, inputs, kernel, kernel], Initial.Normal, trainable);
        _bias = bias ? tensors.Parameter("bias", [outputs], Initial.Zero, trainable) : null;
        tensors.ResampleFilter();
        _layer = new ConvolutionLayer(kernel, up, down, ResamplingFilter.Binomial, activation);
    }

    /// <summary>Of the weights.</summary>
    public TorchSharp.torch.ScalarType Precision => _weight.dtype;

    /// <param name="x">[N, inputs, H, W]</param>
    /// <param name="gain">Scales the output (√½ on residual branches).</param>
    /// <returns>[N, outputs, H·up/down, W·up/down]</returns>
    public Tensor Forward(Tensor x, double gain = 1)
    {
        double activationGain = _activation == Activation.LeakyRelu ? Math.Sqrt(2) : 1;
        return _layer.Apply(x, _weight, bias: _bias, gain: activationGain * gain, clamp: _clamp * gain, weightGain: _weightGain);
    }
}

/// <summary>A fully connected layer with equalised learning rate (Karras et al. 2018 §4.1).</summary>
internal sealed class FullyConnectedLayer
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly double _weightGain;
    private readonly double _biasGain;
    private readonly Activation _activation;

    public FullyConnectedLayer(INetworkTensors tensors, int inputs, int outputs, Activation activation = Activation.Linear, double learningRateMultiplier = 1, double biasInitial = 0)
    {
        _weight = tensors.Parameter("weight", [outputs, inputs], new Initial(1 / learningRateMultiplier, 0));
        _bias = tensors.Parameter("bias", [outputs], Initial.Constant(biasInitial));
        _weightGain = learningRateMultiplier / Math.Sqrt(inputs);
        _biasGain = learningRateMultiplier;
        _activation = activation;
    }

    /// <param name="x">[N, inputs]</param>
    /// <returns>[N, outputs]</returns>
    public Tensor Forward(Tensor x) => FullyConnected.Apply(x, _weight, _weightGain, _bias, _biasGain, _activation);
}
