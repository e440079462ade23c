using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Detectors;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>Features of generated images: latents, generator, 8-bit images, detector, as published.</summary>
/// <param name="generator">The network.</param>
/// <param name="draws">Latents, labels and noise.</param>
/// <param name="net">The features.</param>
/// <param name="count">Samples in all.</param>
public sealed class GeneratedFeatures(Generator generator, EvaluationDraws draws, IFeatureNet net, int count) : ISampleSource
{
    /// <inheritdoc/>
    public string What => "generated images";

    /// <inheritdoc/>
    public string Key => $"generated {net.Identity} {draws.Seed} {count}";

    /// <inheritdoc/>
    // Enough to be efficient, few enough to stay near the caches.
    public int AtOnce => 16;

    /// <inheritdoc/>
    public int Count => count;

    /// <inheritdoc/>
    public Tensor Compute(SampleRange range)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. range.Pieces(AtOnce).Select(Features)], 0).MoveToOuterDisposeScope();
    }

    private Tensor Features(SampleRange some)
    {
        using var scope = NewDisposeScope();
        var images = generator.Synthesize(generator.Broadcast(generator.Map(draws.Latents(some), draws.Labels(some))), draws.Noise(some));
        FiniteRows.Require(images, i => $"generated sample {some.Start + i} (seed {draws.Seed}) is an image with values that are no numbers");
        var features = net.Features(images.mul(127.5).add(128).clamp(0, 255).to(ScalarType.Byte));
        FiniteRows.Require(features, i => $"generated sample {some.Start + i} (seed {draws.Seed}) has features that are no numbers");
        return features.MoveToOuterDisposeScope();
    }
}
