using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>What becomes of droplets and images when one unit of a layer is silenced, or all units but one.</summary>
/// <param name="samples">The network's samples.</param>
/// <param name="seeds">Which of them.</param>
public sealed class UnitAblation(SeededSamples samples, IReadOnlyList<uint> seeds)
{
    private const int AtOnce = 8;

    private readonly HashSet<string> _scored = [.. LayerSelection.WithPeaks(samples.Generator).Select(layer => layer.Name)];

    /// <summary>The units with the most energy at the peaks of their layer, the first one first.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="count">So many at most.</param>
    public IReadOnlyList<int> LoudestAtPeak(SynthesisLayerName layer, int count)
    {
        ArgumentNullException.ThrowIfNull(layer);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var energy = zeros([layer.Channels], ScalarType.Float64);
        foreach (var some in seeds.Chunk(AtOnce))
        {
            using var inner = NewDisposeScope();
            samples.Images(some, new FeatureReader((at, features) =>
            {
                if (at.Name != layer.Name)
                    return;
                var places = FeatureEnergy.Map(features).flatten(1).argmax(1).view(-1, 1, 1).expand(-1, features.shape[1], 1); // [n,C,1]
                // Relative to the sample's own peak, so that no sample outweighs the others.
                var peak = features.flatten(2).gather(2, places).squeeze(2).Squared();
                energy.Accumulate((peak / peak.sum([1L], keepdim: true).Plus(1e-12)).sum([0L]).to(ScalarType.Float64).cpu());
            }));
        }
        return [.. energy.argsort(descending: true).data<long>().Take(count).Select(unit => (int)unit)];
    }

    /// <summary>Ablates and measures.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="allBut">Whether all other units are silenced instead.</param>
    public AblationResult Measure(SynthesisLayerName layer, int unit, bool allBut)
    {
        ArgumentNullException.ThrowIfNull(layer);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var ablation = UnitScaling.Ablate(layer, unit, allBut, samples.Device);
        double before = 0, after = 0, change = 0;
        foreach (var some in seeds.Chunk(AtOnce))
        {
            using var inner = NewDisposeScope();
            var (plain, plainScore) = Observe(some, null);
            var (ablated, ablatedScore) = Observe(some, ablation);
            before += plainScore;
            after += ablatedScore;
            change += (plain.clamp(TensorArithmetic.Number(-1), TensorArithmetic.Number(1)) - ablated.clamp(TensorArithmetic.Number(-1), TensorArithmetic.Number(1))).abs().mean([1L, 2L, 3L]).sum().item<float>() / 2;
        }
        return new(layer.Name, unit, allBut, Math.Exp(before / seeds.Count), Math.Exp(after / seeds.Count), change / seeds.Count);
    }

    /// <summary>Images, and the sum of the logarithms of their scores.</summary>
    private (Tensor Images, double LogScores) Observe(uint[] some, IFeatureHook? ablation)
    {
        Tensor? score = null;
        var images = samples.Images(some, FeatureHooks.Both(ablation, new FeatureReader((layer, features) =>
        {
            if (!_scored.Contains(layer.Name))
                return;
            var here = FeatureEnergy.PeakToMedian(FeatureEnergy.Map(features)).DetachFromDisposeScope();
            using var last = score;
            score = last is null ? here.alias().DetachFromDisposeScope() : last.maximum(here).DetachFromDisposeScope();
            here.Dispose();
        })));
        using (score)
            return (images, score!.clamp_min(TensorArithmetic.Number(1e-12)).log().sum().item<float>());
    }
}

/// <summary>What an ablation did.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Unit">The unit.</param>
/// <param name="AllBut">Whether it was the only one left.</param>
/// <param name="ScoreBefore">Droplet score, a geometric mean over the samples.</param>
/// <param name="ScoreAfter">The same with the ablation.</param>
/// <param name="ImageChange">Mean absolute change of pixels, as a part of their range.</param>
public sealed record AblationResult(string Layer, int Unit, bool AllBut, double ScoreBefore, double ScoreAfter, double ImageChange);
