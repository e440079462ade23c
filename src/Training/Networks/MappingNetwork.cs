using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>From latents and labels to styles: normalised inputs, then fully connected layers at 1/100 of the learning rate.</summary>
internal sealed class MappingNetwork
{
    private const double LearningRateMultiplier = 0.01;

    private readonly FullyConnectedLayer? _embed;
    private readonly FullyConnectedLayer[] _layers;
    private readonly int _latentSize;

    public MappingNetwork(INetworkTensors tensors, int latentSize, int labelSize, int styleSize, int layers)
    {
        _latentSize = latentSize;
        _embed = labelSize > 0 ? new FullyConnectedLayer(tensors.Scope("embed"), labelSize, styleSize) : null;
        _layers = new FullyConnectedLayer[layers];
        int inputs = latentSize + (labelSize > 0 ? styleSize : 0);
        for (int i = 0; i < layers; i++)
        {
            _layers[i] = new FullyConnectedLayer(tensors.Scope($"fc{i}"), i == 0 ? inputs : styleSize, styleSize, Activation.LeakyRelu, LearningRateMultiplier);
        }
    }

    /// <param name="z">[N, latentSize], or null where the network maps labels only.</param>
    /// <param name="labels">[N, labelSize], or null for an unconditional network.</param>
    /// <returns>[N, styleSize]</returns>
    public Tensor Forward(Tensor? z, Tensor? labels)
    {
        Tensor? x = _latentSize > 0 ? NormalizeSecondMoment(z!) : null;
        if (_embed is not null)
        {
            var y = NormalizeSecondMoment(_embed.Forward(labels!));
            x = x is null ? y : TorchSharp.torch.cat([x, y], 1);
        }
        foreach (var layer in _layers)
            x = layer.Forward(x!);
        return x!;
    }

    private static Tensor NormalizeSecondMoment(Tensor x) => x * (x.square().mean([1L], keepdim: true) + 1e-8).rsqrt();
}
