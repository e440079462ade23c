using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis.Correction;

/// <summary>Thresholds of the units' scores, as published (Tousi, Jeong et al. 2021 §3.3) but for the last.</summary>
/// <param name="MaskThreshold">Of Grad-CAM maps, in [0, 1].</param>
/// <param name="UnitThreshold">Of units' maps, in [0, 1].</param>
/// <param name="ActiveThreshold">A unit is active in a sample where its map reaches this part of its largest value in any sample.</param>
public sealed record ScoreOptions(double MaskThreshold = .3, double UnitThreshold = .2, double ActiveThreshold = .5);

/// <summary>A number per unit of every layer, from one sample.</summary>
/// <param name="Seed">The sample's seed.</param>
/// <param name="Layers">By layer's name, [channels].</param>
public sealed record UnitValues(uint Seed, IReadOnlyDictionary<string, float[]> Layers);

/// <summary>Which units of a generator make its artifacts.</summary>
/// <param name="samples">The network's samples.</param>
/// <param name="options">Thresholds.</param>
public sealed class UnitScores(SeededSamples samples, ScoreOptions options)
{
    /// <summary>
    /// |A ∩ L| / |A ∪ L| of every unit in a sample: A where the unit's map, brought to the image's size bilinearly and to [0, 1], is above
    /// its threshold, L where the classifier sees an artifact.
    /// </summary>
    public UnitValues Overlap(uint seed, ArtifactClassifier classifier)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        using var scope = NewDisposeScope();
        using var seen = Observe(seed);
        return Overlap(seed, seen.Features, classifier.ArtifactMaps(Bytes(seen.Image)).select(0, 0));
    }

    /// <summary>The same with a given map.</summary>
    /// <param name="seed">The sample's seed.</param>
    /// <param name="map">Where the artifact is, [H, W] in [0, 1].</param>
    public UnitValues Overlap(uint seed, Tensor map)
    {
        using var scope = NewDisposeScope();
        using var seen = Observe(seed);
        return Overlap(seed, seen.Features, map);
    }

    /// <summary>The largest value of every unit in a sample.</summary>
    public UnitValues Largest(uint seed)
    {
        using var scope = NewDisposeScope();
        using var seen = Observe(seed);
        return new(seed, seen.Features.ToDictionary(layer => layer.Key, layer => layer.Value.amax([2L, 3L]).flatten().cpu().data<float>().ToArray(), StringComparer.Ordinal));
    }

    /// <summary>DS: the mean over samples of their overlaps, by layer.</summary>
    public static IReadOnlyDictionary<string, float[]> Defective(IReadOnlyList<UnitValues> overlaps)
    {
        ArgumentNullException.ThrowIfNull(overlaps);
        return ByUnit(overlaps, values => values.Average());
    }

    /// <summary>The score without labels: the part of samples in which a unit is not active. A unit that never rises above 0 scores 0.</summary>
    public IReadOnlyDictionary<string, float[]> RarelyActive(IReadOnlyList<UnitValues> largest)
    {
        ArgumentNullException.ThrowIfNull(largest);
        return ByUnit(largest, values => values.Max() is > 0 and var most ? (float)(1 - (values.Count(value => value >= options.ActiveThreshold * most) / (double)values.Count)) : 0);
    }

    /// <summary>Images as a classifier sees them.</summary>
    /// <param name="images">[N, 3, H, W] in [-1, 1].</param>
    /// <returns>uint8 [N, 3, H, W]</returns>
    public static Tensor Bytes(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return images.Times(127.5).Plus(128).clamp(Number(0), Number(255)).to(ScalarType.Byte);
    }

    private static Dictionary<string, float[]> ByUnit(IReadOnlyList<UnitValues> samples, Func<List<float>, float> combine) =>
        samples[0].Layers.ToDictionary(
            layer => layer.Key,
            layer => Enumerable.Range(0, layer.Value.Length).Select(unit => combine([.. samples.Select(sample => sample.Layers[layer.Key][unit])])).ToArray(),
            StringComparer.Ordinal);

    private UnitValues Overlap(uint seed, Dictionary<string, Tensor> features, Tensor map)
    {
        using var _ = no_grad();
        var artifact = map > full_like(map, Number(options.MaskThreshold)); // [H,W]
        var scores = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var (layer, maps) in features)
        {
            using var scope = NewDisposeScope();
            var scaled = MapScaling.Normalised(MapScaling.Resize(maps, map.shape[0], map.shape[1])).squeeze(0); // [C,H,W]
            var active = scaled > full_like(scaled, Number(options.UnitThreshold));
            var both = active.logical_and(artifact).sum([1L, 2L]).to(ScalarType.Float32);
            var either = active.logical_or(artifact).sum([1L, 2L]).to(ScalarType.Float32);
            scores.Add(layer, (both / either.clamp_min(Number(1))).cpu().data<float>().ToArray());
        }
        return new(seed, scores);
    }

    private Observation Observe(uint seed)
    {
        using var _ = no_grad();
        var features = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var image = samples.Images([seed], new FeatureReader((layer, seen) => features.Add(layer.Name, seen.alias().DetachFromDisposeScope())));
        return new(image, features);
    }

    /// <summary>An image and the features that it came from, [1, C, h, w] by layer.</summary>
    private sealed record Observation(Tensor Image, Dictionary<string, Tensor> Features) : IDisposable
    {
        public void Dispose()
        {
            foreach (var maps in Features.Values)
                maps.Dispose();
        }
    }
}
