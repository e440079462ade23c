using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>
/// Looks for droplet artifacts in a generator's features: how far each layer's energy peaks, where, and whether the place follows
/// the noise (Karras et al. 2020 §2; <i>Systematic Analysis and Removal of Circular Artifacts for StyleGAN</i>, 2021).
/// </summary>
/// <param name="samples">The network's samples.</param>
/// <param name="options">What is looked at.</param>
public sealed class DropletAnalysis(SeededSamples samples, DropletOptions options)
{
    /// <summary>What a seed's features show.</summary>
    public SeedDroplets Analyse(uint seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var styles = samples.Styles([seed]);
        var found = new Dictionary<string, List<Tensor>>(StringComparer.Ordinal); // energy by layer and draw of noise
        var reader = new FeatureReader((layer, features) =>
        {
            if (!found.TryGetValue(layer.Name, out var maps))
                found.Add(layer.Name, maps = []);
            maps.Add(FeatureEnergy.Map(features).DetachFromDisposeScope());
        });
        for (int draw = 0; draw < Math.Max(1, options.NoiseDraws); draw++)
            samples.Generator.SynthesizeLevel(styles, samples.Noise([seed], draw), reader);
        var layers = samples.Generator.Layers.Where(layer => found.ContainsKey(layer.Name)).Select(layer => Of(layer, found[layer.Name])).ToList();
        foreach (var map in found.Values.SelectMany(maps => maps))
            map.Dispose();
        var scored = LayerSelection.WithPeaks(samples.Generator).Select(layer => layer.Name).ToHashSet();
        return new(seed, layers.Where(layer => scored.Contains(layer.Layer)).Max(layer => layer.PeakToMedian), layers);
    }

    private LayerDroplets Of(SynthesisLayerName layer, List<Tensor> maps)
    {
        var positions = maps.Select(map => FeatureEnergy.Peaks(map)[0]).ToList();
        double row = positions.Average(position => position.Row), column = positions.Average(position => position.Column);
        double spread = Math.Sqrt(positions.Average(position => Math.Pow(position.Row - row, 2) + Math.Pow(position.Column - column, 2)));
        int regions = Math.Min(options.Regions, Math.Min(layer.Width, layer.Height));
        return new(
            layer.Name, FeatureEnergy.PeakToMedian(maps[0]).item<float>(), positions[0].Row, positions[0].Column, spread,
            [.. FeatureEnergy.ByRegion(maps[0], regions).flatten().cpu().data<float>().Select(value => (double)value)]);
    }
}

/// <summary>What an analysis looks at.</summary>
/// <param name="NoiseDraws">Draws of noise per sample; the first one is the network's constant noise.</param>
/// <param name="Regions">Regions per side of a feature map.</param>
public sealed record DropletOptions(int NoiseDraws = 4, int Regions = 4);

/// <summary>The droplets of a sample.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Score">The largest peak-to-median energy among layers of at least 16 pixels.</param>
/// <param name="Layers">By layer.</param>
public sealed record SeedDroplets(uint Seed, double Score, IReadOnlyList<LayerDroplets> Layers);

/// <summary>The energy of a layer's features.</summary>
/// <param name="Layer">Its name.</param>
/// <param name="PeakToMedian">The largest energy over the median, with constant noise.</param>
/// <param name="PeakRow">Where the peak is, as a part of the height.</param>
/// <param name="PeakColumn">Where it is, as a part of the width.</param>
/// <param name="NoiseSpread">Root mean square distance of the peak under different noise from its mean place, in parts of the sides.</param>
/// <param name="Regions">The largest energy of each region over the median, row by row.</param>
public sealed record LayerDroplets(string Layer, double PeakToMedian, double PeakRow, double PeakColumn, double NoiseSpread, IReadOnlyList<double> Regions);

/// <summary>Many samples together.</summary>
/// <param name="Score">The geometric mean of their scores.</param>
/// <param name="Layers">Geometric means of ratios, means of spreads.</param>
public sealed record DropletSummary(double Score, IReadOnlyList<LayerDroplets> Layers)
{
    /// <summary>Sums samples up.</summary>
    /// <param name="seeds">At least one.</param>
    public static DropletSummary Of(IReadOnlyList<SeedDroplets> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        static double Geometric(IEnumerable<double> ratios) => Math.Exp(ratios.Average(ratio => Math.Log(Math.Max(ratio, 1e-12))));
        return new(
            Geometric(seeds.Select(seed => seed.Score)),
            [.. seeds[0].Layers.Select((layer, at) =>
            {
                var all = seeds.Select(seed => seed.Layers[at]).ToList();
                return new LayerDroplets(
                    layer.Layer, Geometric(all.Select(one => one.PeakToMedian)), all.Average(one => one.PeakRow), all.Average(one => one.PeakColumn), all.Average(one => one.NoiseSpread),
                    [.. layer.Regions.Select((_, region) => Geometric(all.Select(one => one.Regions[region])))]);
            })]);
    }
}
