using System.Text.Json;
using Atelier.Core;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis.Correction;

/// <summary>A unit of a layer and the factor that it is multiplied by.</summary>
/// <param name="Unit">Its channel.</param>
/// <param name="Score">The score that chose it, in [0, 1].</param>
/// <param name="Scale">The factor; 0 ablates it.</param>
public sealed record CorrectedUnit(int Unit, double Score, double Scale);

/// <summary>The corrected units of a layer.</summary>
/// <param name="Layer">Its name, e.g. <c>b8.conv1</c>.</param>
/// <param name="Channels">Its units in all.</param>
/// <param name="Units">The corrected ones, the highest score first.</param>
public sealed record CorrectedLayer(string Layer, int Channels, IReadOnlyList<CorrectedUnit> Units);

/// <summary>
/// What is changed inside a generator so that it makes fewer artifacts (Tousi, Jeong et al. 2021): a small file that everything which draws
/// samples accepts.
/// </summary>
/// <param name="Format">The file's version.</param>
/// <param name="Network">Digest of the network that it was made for.</param>
/// <param name="Layers">In the order of the network.</param>
public sealed record UnitCorrection(string Format, string Network, IReadOnlyList<CorrectedLayer> Layers)
{
    /// <summary>The present version.</summary>
    public const string CurrentFormat = "atelier-correction-1";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>
    /// Sequential correction (§3.4): in each of the first layers the highest-scoring units are multiplied by λ(1 − score). Each layer's features
    /// come from the corrected ones before it.
    /// </summary>
    /// <param name="layers">The network's layers, in order.</param>
    /// <param name="scores">By layer, per unit, in [0, 1].</param>
    /// <param name="network">The network's digest.</param>
    /// <param name="first">How many layers, from the start block.</param>
    /// <param name="share">The part of a layer's units that is corrected; at least one of them.</param>
    /// <param name="strength">λ</param>
    public static UnitCorrection Sequential(
        IReadOnlyList<SynthesisLayerName> layers, IReadOnlyDictionary<string, float[]> scores, string network, int first, double share = .2, double strength = .8)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return new(CurrentFormat, network, [.. layers.Take(first).Select(layer => new CorrectedLayer(
            layer.Name, layer.Channels, [.. Highest(scores[layer.Name], share).Select(unit => new CorrectedUnit(unit, scores[layer.Name][unit], strength * (1 - scores[layer.Name][unit])))]))]);
    }

    /// <summary>Single-layer ablation (§3.3): a layer's highest-scoring units are silenced.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="scores">Per unit.</param>
    /// <param name="network">The network's digest.</param>
    /// <param name="share">The part of its units; at least one.</param>
    public static UnitCorrection Ablation(SynthesisLayerName layer, float[] scores, string network, double share = .2)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return new(CurrentFormat, network, [new(layer.Name, layer.Channels, [.. Highest(scores, share).Select(unit => new CorrectedUnit(unit, scores[unit], 0))])]);
    }

    /// <summary>Units by score, the highest first, and as many of them as a part of all says.</summary>
    /// <param name="scores">Per unit.</param>
    /// <param name="share">In (0, 1].</param>
    public static IReadOnlyList<int> Highest(IReadOnlyList<float> scores, double share = 1)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return [.. Enumerable.Range(0, scores.Count).OrderByDescending(unit => scores[unit]).ThenBy(unit => unit).Take(Math.Max(1, (int)Math.Round(share * scores.Count)))];
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserErrorException">It is missing, or no correction.</exception>
    public static UnitCorrection Load(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"{path} does not exist; make a correction with `atelier correct apply`");
        try
        {
            var read = JsonSerializer.Deserialize<UnitCorrection>(File.ReadAllText(path), Json);
            return read is { Format: CurrentFormat, Layers: not null } && read.Layers.All(layer => layer is { Layer: not null, Units: not null })
                ? read
                : throw new UserErrorException($"{path} is not a correction of format {CurrentFormat}; make one with `atelier correct apply`");
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path} is not a correction: {e.Message}", e);
        }
    }

    /// <summary>Writes a file.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");
    }

    /// <summary>The correction as a hook of a generator; the caller disposes it.</summary>
    /// <exception cref="UserErrorException">The generator lacks one of its layers, or has another number of units there.</exception>
    public UnitScaling On(Generator generator, Device device)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var scales = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var corrected in Layers)
        {
            var layer = LayerSelection.Find(generator, corrected.Layer);
            if (layer.Channels != corrected.Channels || corrected.Units.Any(unit => unit.Unit < 0 || unit.Unit >= layer.Channels || !double.IsFinite(unit.Scale)))
                throw new UserErrorException($"the correction is for a layer {layer} with {corrected.Channels} units, but this network's has {layer.Channels}; it was made for another network");
            var scale = scales[layer.Name] = [.. Enumerable.Repeat(1f, layer.Channels)];
            foreach (var unit in corrected.Units)
                scale[unit.Unit] = (float)unit.Scale;
        }
        return new UnitScaling(scales, device);
    }
}

/// <summary>How far a correction moves images.</summary>
public static class CorrectionEffect
{
    private const int AtOnce = 8;

    /// <summary>Mean absolute change of the pixels of some samples, as a part of their range.</summary>
    /// <param name="samples">The network's samples, without the correction.</param>
    /// <param name="seeds">Which of them; NaN for none.</param>
    /// <param name="correction">The correction.</param>
    public static double Change(SeededSamples samples, IReadOnlyList<uint> seeds, IFeatureHook correction)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(seeds);
        double sum = 0;
        foreach (var some in seeds.Chunk(AtOnce))
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            var (before, after) = (UnitScores.Bytes(samples.Images(some)), UnitScores.Bytes(samples.Images(some, correction)));
            sum += (before.to(ScalarType.Float32) - after.to(ScalarType.Float32)).abs().mean([1L, 2L, 3L]).sum().item<float>() / 255;
        }
        return seeds.Count == 0 ? double.NaN : sum / seeds.Count;
    }

    /// <summary>Samples before and after, side by side.</summary>
    /// <param name="samples">The network's samples, without the correction.</param>
    /// <param name="seeds">Which of them.</param>
    /// <param name="correction">The correction.</param>
    public static Imaging.RgbImage Pictures(SeededSamples samples, IReadOnlyList<uint> seeds, IFeatureHook correction)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(seeds);
        var frames = new List<Imaging.StripFrame>();
        foreach (uint seed in seeds)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            frames.Add(new($"seed {seed}", MagnitudePictures.Enlarge(NetworkPictures.ToPictures(samples.Images([seed]))[0])));
            frames.Add(new("corrected", MagnitudePictures.Enlarge(NetworkPictures.ToPictures(samples.Images([seed], correction))[0])));
        }
        return Imaging.ImageStrip.Compose(frames, Math.Min(8, frames.Count));
    }
}
