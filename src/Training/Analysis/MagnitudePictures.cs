using Atelier.Training.Imaging;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>Images beside the magnitudes of the features that they came from, as in Karras et al. 2020, figure 3.</summary>
public static class MagnitudePictures
{
    private const int CellSide = 128;

    /// <summary>A row per seed: the image, then a map per layer, each as bright as its own peak.</summary>
    /// <param name="samples">The network's samples.</param>
    /// <param name="seeds">Which of them.</param>
    /// <param name="layers">Whose maps.</param>
    public static RgbImage Maps(SeededSamples samples, IReadOnlyList<uint> seeds, IReadOnlyList<SynthesisLayerName> layers) =>
        ImageStrip.Compose([.. seeds.SelectMany(seed => Row(samples, seed, layers, $"seed {seed}"))], layers.Count + 1);

    /// <summary>A row per network: images of the same seeds, each beside the map of the network's last layer.</summary>
    /// <param name="networks">Names and samples.</param>
    /// <param name="seeds">Which samples.</param>
    public static RgbImage SideBySide(IReadOnlyList<(string Name, SeededSamples Samples)> networks, IReadOnlyList<uint> seeds)
    {
        ArgumentNullException.ThrowIfNull(networks);
        return ImageStrip.Compose(
            [.. networks.SelectMany(network => seeds.SelectMany(seed => Row(network.Samples, seed, [LayerSelection.WithPeaks(network.Samples.Generator)[^1]], $"{network.Name} {seed}")))],
            2 * seeds.Count);
    }

    /// <summary>A row per ablation: the image as it is, without the unit, and with nothing but it.</summary>
    /// <param name="samples">The network's samples.</param>
    /// <param name="seed">Which of them.</param>
    /// <param name="units">Layers and units.</param>
    public static RgbImage Ablations(SeededSamples samples, uint seed, IReadOnlyList<(SynthesisLayerName Layer, int Unit)> units)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(units);
        using var _ = no_grad();
        RgbImage Picture(IFeatureHook? hook)
        {
            using var scope = NewDisposeScope();
            return Enlarge(NetworkPictures.ToPictures(samples.Images([seed], hook))[0]);
        }
        var frames = new List<StripFrame>();
        foreach (var (layer, unit) in units)
        {
            using var one = UnitScaling.Ablate(layer, unit, allBut: false, samples.Device);
            using var rest = UnitScaling.Ablate(layer, unit, allBut: true, samples.Device);
            frames.AddRange([new($"{layer}", Picture(null)), new($"without {unit}", Picture(one)), new($"only {unit}", Picture(rest))]);
        }
        return ImageStrip.Compose(frames, 3);
    }

    /// <summary>Values as black, red, yellow, white: from 0 to the largest.</summary>
    /// <param name="values">Row by row, 0 or more.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static RgbImage Heat(ReadOnlySpan<float> values, int width, int height)
    {
        float most = 1e-12f;
        foreach (float value in values)
            most = Math.Max(most, value);
        var image = RgbImage.Filled(width, height, RgbColor.Black);
        for (int i = 0; i < values.Length; i++)
        {
            float part = 3 * Math.Clamp(values[i] / most, 0, 1);
            for (int channel = 0; channel < 3; channel++)
                image.Planes[(channel * width * height) + i] = (byte)(255 * Math.Clamp(part - channel, 0, 1));
        }
        return image;
    }

    /// <summary>An image at the size of the cells.</summary>
    public static RgbImage Enlarge(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Zoom(Math.Max(1, CellSide / Math.Max(image.Width, image.Height)));
    }

    private static IEnumerable<StripFrame> Row(SeededSamples samples, uint seed, IReadOnlyList<SynthesisLayerName> layers, string caption)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var maps = new Dictionary<string, RgbImage>(StringComparer.Ordinal);
        var images = samples.Images([seed], new FeatureReader((layer, features) =>
        {
            using var magnitude = FeatureEnergy.Map(features).SquareRoot().to(ScalarType.Float32).cpu().contiguous();
            maps[layer.Name] = Enlarge(Heat([.. magnitude.data<float>()], layer.Width, layer.Height));
        }));
        return
        [
            new(caption, Enlarge(NetworkPictures.ToPictures(images)[0])),
            .. layers.Where(layer => maps.ContainsKey(layer.Name)).Select(layer => new StripFrame(layer.Name, maps[layer.Name])),
        ];
    }
}
