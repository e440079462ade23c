using Atelier.Core;
using Atelier.Training.Imaging;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>The samples of a generator by seed: the latents that <c>generate</c> and the published scripts draw for it.</summary>
/// <param name="generator">The network.</param>
/// <param name="device">Where it is.</param>
/// <param name="psi">Truncation, 1 for none.</param>
/// <param name="label">A class, for a network with labels.</param>
public sealed class SeededSamples(Generator generator, Device device, double psi = 1, int? label = null)
{
    /// <summary>The network.</summary>
    public Generator Generator => generator;

    /// <summary>Where it is.</summary>
    public Device Device => device;

    /// <summary>The styles of some seeds, [n, StyleCount, styleSize].</summary>
    public Tensor Styles(IReadOnlyList<uint> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        using var scope = NewDisposeScope();
        var z = tensor(seeds.SelectMany(seed => PublishedSeeds.Latent(seed, generator.Config.LatentSize)).Select(value => (float)value).ToArray(), [seeds.Count, generator.Config.LatentSize]).to(device);
        return generator.Truncate(generator.Broadcast(generator.Map(z, Labels(seeds.Count))), psi).MoveToOuterDisposeScope();
    }

    /// <summary>The noise of a draw: draw 0 is the network's constant noise, each other one a function of the seed, the layer and the draw.</summary>
    public NoiseInput Noise(IReadOnlyList<uint> seeds, int draw) => draw == 0
        ? NoiseInput.Constant
        : NoiseInput.Random((layer, shape) =>
        {
            var noise = empty(shape, ScalarType.Float32);
            for (int i = 0; i < seeds.Count; i++)
                PhiloxFill.Normal(noise.narrow(0, i, 1), seeds[i], ((ulong)draw << 32) | (uint)layer);
            return noise.to(device);
        });

    /// <summary>Their images, [n, 3, H, W] in [-1, 1], with constant noise.</summary>
    /// <param name="seeds">Which ones.</param>
    /// <param name="hook">Sees and changes features; null for none.</param>
    public Tensor Images(IReadOnlyList<uint> seeds, IFeatureHook? hook = null)
    {
        using var scope = NewDisposeScope();
        return generator.Synthesize(Styles(seeds), NoiseInput.Constant, hook).MoveToOuterDisposeScope();
    }

    /// <summary>Images as pictures.</summary>
    /// <param name="images">[N, 3, H, W] in [-1, 1].</param>
    public static IReadOnlyList<RgbImage> Pictures(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var size = new ImageSize((int)images.shape[3], (int)images.shape[2]);
        var values = images.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => ImageGrid.Compose(values.AsSpan(i * size.ImageBytes, size.ImageBytes), size, 1))];
    }

    private Tensor? Labels(int count)
    {
        int classes = generator.Config.LabelSize;
        if (classes == 0)
            return label is null ? null : throw new UserErrorException("this network has no labels: leave out --class");
        if (label is not { } chosen || chosen < 0 || chosen >= classes)
            throw new UserErrorException($"this network needs a label: pass --class with a number from 0 to {classes - 1}");
        var labels = zeros([count, classes], ScalarType.Float32, device);
        labels.narrow(1, chosen, 1).fill_(Number(1));
        return labels;
    }
}
