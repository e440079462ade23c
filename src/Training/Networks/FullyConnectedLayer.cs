using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

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
    public Tensor Forward(Tensor x) => FullyConnectedOp.Apply(x, _weight, _weightGain, _bias, _biasGain, _activation);
}
