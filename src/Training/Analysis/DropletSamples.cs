using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>
/// Droplet scores of samples, as logarithms: the largest peak-to-median energy among the layers of at least 16 pixels. The
/// metric <c>droplet</c> is their geometric mean, so that a few extreme samples do not decide it.
/// </summary>
public sealed class DropletSamples : ISampleSource
{
    private readonly Generator _generator;
    private readonly EvaluationDraws _draws;
    private readonly HashSet<string> _layers;

    /// <param name="generator">The network.</param>
    /// <param name="draws">Latents, labels and noise.</param>
    /// <param name="count">Samples in all.</param>
    public DropletSamples(Generator generator, EvaluationDraws draws, int count)
    {
        (_generator, _draws, Count) = (generator, draws, count);
        _layers = [.. LayerSelection.WithPeaks(generator).Select(layer => layer.Name)];
    }

    /// <inheritdoc/>
    public string What => "feature maps";

    /// <inheritdoc/>
    public string Key => $"droplet {_draws.Seed} {Count}";

    /// <inheritdoc/>
    public int AtOnce => 16;

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public Tensor Compute(SampleRange range)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. range.Pieces(AtOnce).Select(Scores)], 0).MoveToOuterDisposeScope();
    }

    private Tensor Scores(SampleRange some)
    {
        using var scope = NewDisposeScope();
        var ratios = new List<Tensor>();
        var reader = new FeatureReader((layer, features) =>
        {
            // The scope of the synthesis ends before they are compared.
            if (_layers.Contains(layer.Name))
                ratios.Add(FeatureEnergy.PeakToMedian(FeatureEnergy.Map(features)).DetachFromDisposeScope());
        });
        _generator.SynthesizeLevel(_generator.Broadcast(_generator.Map(_draws.Latents(some), _draws.Labels(some))), _draws.Noise(some), reader);
        var score = stack([.. ratios], 1).amax([1L], keepdim: true); // [n,1]
        ratios.ForEach(ratio => ratio.Dispose());
        FiniteRows.Require(score, i => $"generated sample {some.Start + i} (seed {_draws.Seed}) has features that are NaN or infinite");
        return score.log().cpu().MoveToOuterDisposeScope();
    }
}
