using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>
/// Where the energy of a layer's features is. The droplet artifact is a strong, localised spike in it (Karras et al. 2020 §2,
/// figures 1 and 3).
/// </summary>
public static class FeatureEnergy
{
    /// <summary>Mean square over the channels.</summary>
    /// <param name="features">[N, C, H, W]</param>
    /// <returns>[N, H, W]; the root is the feature magnitude of the paper's figures.</returns>
    public static Tensor Map(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        return features.Squared().mean([1L]);
    }

    /// <summary>The largest energy of each map over its median.</summary>
    /// <param name="energy">[N, H, W]</param>
    /// <returns>[N], at least 1 unless a map is all zeros.</returns>
    public static Tensor PeakToMedian(Tensor energy)
    {
        ArgumentNullException.ThrowIfNull(energy);
        var rows = energy.flatten(1);
        return rows.amax([1L]) / Median(rows);
    }

    /// <summary>The largest energy of each region over the median of the whole map.</summary>
    /// <param name="energy">[N, H, W]</param>
    /// <param name="regions">Regions per side, at most as many as pixels.</param>
    /// <returns>[N, regions, regions]</returns>
    public static Tensor ByRegion(Tensor energy, int regions)
    {
        ArgumentNullException.ThrowIfNull(energy);
        var rows = Enumerable.Range(0, regions).Select(row => stack([.. Enumerable.Range(0, regions).Select(column => Part(Part(energy, 1, row), 2, column).flatten(1).amax([1L]))], 1));
        return stack([.. rows], 1) / Median(energy.flatten(1)).view(-1, 1, 1);

        Tensor Part(Tensor x, int dimension, int index)
        {
            long size = x.shape[dimension], first = index * size / regions;
            return x.narrow(dimension, first, Math.Max(1, ((index + 1) * size / regions) - first));
        }
    }

    /// <summary>The place of each map's peak, as parts of its height and width, from the middle of the first pixel.</summary>
    /// <param name="energy">[N, H, W]</param>
    public static IReadOnlyList<MapPosition> Peaks(Tensor energy)
    {
        ArgumentNullException.ThrowIfNull(energy);
        long height = energy.shape[1], width = energy.shape[2];
        using var places = energy.flatten(1).argmax(1).cpu();
        return [.. places.data<long>().Select(place => new MapPosition(((place / width) + .5) / height, ((place % width) + .5) / width))];
    }

    // A map of zeros has no peak either: 0 over a little.
    private static Tensor Median(Tensor rows) => rows.sort(1).Values.select(1, (rows.shape[1] - 1) / 2).Plus(1e-12);
}

/// <summary>A place on a feature map: parts of its height and width, in (0, 1).</summary>
public readonly record struct MapPosition(double Row, double Column);

/// <summary>Reads features on their way.</summary>
/// <param name="read">Gets a layer and its output [N, C, H, W], which is valid during the call.</param>
public sealed class FeatureReader(Action<SynthesisLayerName, Tensor> read) : IFeatureHook
{
    /// <inheritdoc/>
    public Tensor Visit(SynthesisLayerName layer, Tensor features)
    {
        read(layer, features);
        return features;
    }
}

/// <summary>Multiplies units of some layers: 0 ablates one, 1 leaves it. Thread-safe.</summary>
public sealed class UnitScaling : IFeatureHook, IDisposable
{
    private readonly Dictionary<string, Tensor> _scales; // [1,C,1,1]

    /// <param name="scales">By a layer's name, a factor per unit.</param>
    /// <param name="device">Of the generator.</param>
    public UnitScaling(IReadOnlyDictionary<string, float[]> scales, Device device) =>
        _scales = scales.ToDictionary(layer => layer.Key, layer => tensor(layer.Value, device: device).view(1, -1, 1, 1).DetachFromDisposeScope(), StringComparer.Ordinal);

    /// <summary>One unit of a layer ablated, or all others.</summary>
    public static UnitScaling Ablate(SynthesisLayerName layer, int unit, bool allBut, Device device)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return new(new Dictionary<string, float[]> { [layer.Name] = [.. Enumerable.Range(0, layer.Channels).Select(channel => (channel == unit) == allBut ? 1f : 0f)] }, device);
    }

    /// <inheritdoc/>
    public Tensor Visit(SynthesisLayerName layer, Tensor features)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return _scales.TryGetValue(layer.Name, out var scale) ? features * scale : features;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var scale in _scales.Values)
            scale.Dispose();
    }
}

/// <summary>Layers of a generator by name.</summary>
public static class LayerSelection
{
    /// <summary>The layer of a name.</summary>
    /// <exception cref="UserErrorException">There is none; the message has the nearest one, and all of them.</exception>
    public static SynthesisLayerName Find(Generator generator, string name)
    {
        ArgumentNullException.ThrowIfNull(generator);
        return generator.Layers.FirstOrDefault(layer => layer.Name == name)
            ?? throw new UserErrorException($"this network has no layer `{name}`.{NearestName.Hint(name, generator.Layers.Select(layer => layer.Name))} Layers: {string.Join(", ", generator.Layers)}.");
    }

    /// <summary>The layers in which peaks are looked for: those of at least 16 pixels, where a map is large enough to have a background; of smaller networks those of the last block.</summary>
    public static IReadOnlyList<SynthesisLayerName> WithPeaks(Generator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var used = generator.Layers.Where(layer => Math.Max(layer.Width, layer.Height) <= generator.Config.Shape.Resolution(generator.Stage.Level)).ToList();
        int least = Math.Min(16, used.Max(layer => Math.Max(layer.Width, layer.Height)));
        return [.. used.Where(layer => Math.Max(layer.Width, layer.Height) >= least)];
    }
}
