using Atelier.Training.Imaging;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis.Correction;

/// <summary>
/// Samples beside the regions that the classifier marks as artifacts and the regions of the units that lie there most, as in Tousi, Jeong
/// et al. 2021. What lies outside a region is dark.
/// </summary>
public static class DefectPictures
{
    private const int MostUnits = 6;
    private const byte Darkness = 4;

    /// <summary>A row per sample: the image, the artifact, and the unit with the highest score of each of some layers, those with the highest scores.</summary>
    /// <param name="samples">The network's samples.</param>
    /// <param name="seeds">Which of them.</param>
    /// <param name="classifier">Marks artifacts.</param>
    /// <param name="scores">By layer's name, [channels].</param>
    /// <param name="options">Thresholds of the regions.</param>
    public static RgbImage Draw(SeededSamples samples, IReadOnlyList<uint> seeds, ArtifactClassifier classifier, IReadOnlyDictionary<string, float[]> scores, ScoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(options);
        var units = scores.Select(layer => (Layer: layer.Key, Unit: UnitCorrection.Highest(layer.Value)[0])).OrderByDescending(unit => scores[unit.Layer][unit.Unit]).Take(MostUnits).ToList();
        var frames = new List<StripFrame>();
        foreach (uint seed in seeds)
        {
            using var scope = NewDisposeScope();
            var maps = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            var image = Observe(samples, seed, units, maps); // [1,3,H,W]
            var artifact = classifier.ArtifactMaps(UnitScores.Bytes(image)).squeeze(0); // [H,W]
            using var _ = no_grad();
            var picture = NetworkPictures.ToPictures(image)[0];
            frames.AddRange([new($"seed {seed}", MagnitudePictures.Enlarge(picture)), new("artifact", Within(picture, artifact, options.MaskThreshold))]);
            foreach (var (layer, unit) in units)
            {
                using var map = maps[layer]; // [1,1,h,w]
                frames.Add(new($"{layer} {unit}", Within(picture, MapScaling.Normalised(MapScaling.Resize(map, picture.Height, picture.Width)).squeeze(0).squeeze(0), options.UnitThreshold)));
            }
        }
        return ImageStrip.Compose(frames, 2 + units.Count);
    }

    private static Tensor Observe(SeededSamples samples, uint seed, List<(string Layer, int Unit)> units, Dictionary<string, Tensor> maps)
    {
        using var _ = no_grad();
        return samples.Images([seed], new FeatureReader((layer, features) =>
        {
            foreach (var (_, unit) in units.Where(unit => unit.Layer == layer.Name))
                maps[layer.Name] = features.narrow(1, unit, 1).clone().DetachFromDisposeScope();
        }));
    }

    private static RgbImage Within(RgbImage picture, Tensor map, double threshold)
    {
        var values = map.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        var image = RgbImage.Filled(picture.Width, picture.Height, RgbColor.Black);
        for (int i = 0; i < picture.Planes.Length; i++)
            image.Planes[i] = values[i % values.Length] > threshold ? picture.Planes[i] : (byte)(picture.Planes[i] / Darkness);
        return MagnitudePictures.Enlarge(image);
    }
}
