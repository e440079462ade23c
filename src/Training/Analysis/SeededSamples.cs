using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>The samples of a generator by seed: the latents that <c>generate</c> and the published scripts draw for it.</summary>
/// <param name="generator">The network.</param>
/// <param name="device">Where it is.</param>
/// <param name="psi">Truncation, 1 for none.</param>
/// <param name="label">A class, for a network with labels.</param>
public sealed class SeededSamples(Generator generator, Device device, double psi = 1, int? label = null)
{
    private readonly NetworkPictures _pictures = new(generator);

    /// <summary>The network.</summary>
    public Generator Generator => generator;

    /// <summary>Where it is.</summary>
    public Device Device => device;

    /// <summary>The styles of some seeds, [n, StyleCount, styleSize].</summary>
    public Tensor Styles(IReadOnlyList<uint> seeds)
    {
        using var scope = NewDisposeScope();
        return _pictures.Styles(_pictures.Latents(seeds), label, psi).MoveToOuterDisposeScope();
    }

    /// <summary>The noise of a draw: draw 0 is the network's constant noise, each other one a function of the seed, the layer and the draw.</summary>
    public NoiseInput Noise(IReadOnlyList<uint> seeds, int draw) => draw == 0 ? NoiseInput.Constant : NetworkPictures.RandomNoise(seeds, device, draw);

    /// <summary>Their images, [n, 3, H, W] in [-1, 1], with constant noise.</summary>
    /// <param name="seeds">Which ones.</param>
    /// <param name="hook">Sees and changes features; null for none.</param>
    public Tensor Images(IReadOnlyList<uint> seeds, IFeatureHook? hook = null)
    {
        using var scope = NewDisposeScope();
        return generator.Synthesize(Styles(seeds), NoiseInput.Constant, hook).MoveToOuterDisposeScope();
    }
}
