using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Randomness;
using Atelier.Training.Data;
using Atelier.Training.Interop;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>
/// The values of samples (features, path lengths), each a function of its index alone, so that any process can compute any
/// range. Thread-safe.
/// </summary>
public interface ISampleSource
{
    /// <summary>What the samples are, for progress.</summary>
    string What { get; }

    /// <summary>Identifies everything but the generator that the values depend on.</summary>
    string Key { get; }

    /// <summary>Batch size: samples computed in one call, which decides bits.</summary>
    int AtOnce { get; }

    /// <summary>Samples in all.</summary>
    int Count { get; }

    /// <summary>The values of some samples.</summary>
    /// <param name="range">Inside [0, Count); it begins at a multiple of <see cref="AtOnce"/>, and ends at one or with the last sample.</param>
    /// <returns>float32 [range.Count, D], on the host.</returns>
    /// <exception cref="Core.UserErrorException">A value is NaN or infinite; the message names the sample.</exception>
    Tensor Compute(SampleRange range);
}

/// <summary>The draws of a metric's samples: of sample i a function of (seed, purpose, i) alone.</summary>
/// <param name="seed">The evaluation's seed.</param>
/// <param name="config">The generator that takes them.</param>
/// <param name="labels">Where labels come from.</param>
/// <param name="device">Where the tensors are wanted.</param>
public sealed class EvaluationDraws(ulong seed, GeneratorConfig config, LabelSource labels, Device device)
{
    /// <summary>The seed.</summary>
    public ulong Seed => seed;

    /// <summary>Latents, [n, Z].</summary>
    public Tensor Latents(SampleRange range) => Normal(DrawPurpose.Evaluation, range, [config.LatentSize]);

    /// <summary>The other ends of paths, [n, Z].</summary>
    public Tensor PathEnds(SampleRange range) => Normal(DrawPurpose.PathEnd, range, [config.LatentSize]);

    /// <summary>Places on paths, uniform in [0, 1), float32 [n].</summary>
    public Tensor PathPositions(SampleRange range) =>
        tensor([.. Enumerable.Range(range.Start, range.Count).Select(i => (float)ScalarDraws.Uniform(Key(DrawPurpose.PathPosition, i)))]).to(device);

    /// <summary>Labels of images of the dataset, [n, C]; null for a network without labels.</summary>
    public Tensor? Labels(SampleRange range)
    {
        if (config.LabelSize == 0)
            return null;
        var all = new float[range.Count * config.LabelSize];
        for (int i = 0; i < range.Count; i++)
            labels.Copy(ScalarDraws.Below(Key(DrawPurpose.EvaluationLabel, range.Start + i), labels.Count), all.AsSpan(i * config.LabelSize, config.LabelSize));
        return tensor(all, [range.Count, config.LabelSize]).to(device);
    }

    /// <summary>Fresh noise for every sample.</summary>
    /// <param name="range">The samples.</param>
    /// <param name="copies">Images of each sample, one batch after the other, that share its noise.</param>
    public NoiseInput Noise(SampleRange range, int copies = 1) => NoiseInput.Random((layer, shape) =>
    {
        using var scope = NewDisposeScope();
        var noise = Normal(DrawPurpose.EvaluationNoise, range, shape[1..], layer);
        return (copies == 1 ? noise : noise.repeat(copies, 1, 1, 1)).MoveToOuterDisposeScope();
    });

    private Tensor Normal(DrawPurpose purpose, SampleRange range, long[] shape, int layer = 0)
    {
        using var scope = NewDisposeScope();
        var values = empty([range.Count, .. shape], ScalarType.Float32);
        for (int i = 0; i < range.Count; i++)
        {
            var (key, high) = (Key(purpose, range.Start + i) with { Layer = layer }).ToPhilox();
            PhiloxFill.Normal(values.select(0, i), key, high);
        }
        return values.to(device).MoveToOuterDisposeScope();
    }

    private DrawKey Key(DrawPurpose purpose, int sample) => new(seed, 0, purpose, Index: sample);
}

/// <summary>The labels that samples of a conditional generator take theirs from.</summary>
/// <param name="Count">Images with a label.</param>
/// <param name="Copy">Copies one's label.</param>
public sealed record LabelSource(long Count, CopyLabel Copy);

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
        FiniteRows.Require(images, i => $"generated sample {some.Start + i} (seed {draws.Seed}) has values that are NaN or infinite");
        var features = net.Features(images.Times(127.5).Plus(128).clamp(Number(0), Number(255)).to(ScalarType.Byte));
        FiniteRows.Require(features, i => $"generated sample {some.Start + i} (seed {draws.Seed}) has features that are NaN or infinite");
        return features.MoveToOuterDisposeScope();
    }
}

/// <summary>Features of the dataset's images, in its order; after them those of their mirror images, where they count.</summary>
public sealed class RealFeatures : ISampleSource
{
    private readonly ImageDataset _dataset;
    private readonly IFeatureNet _net;
    private readonly bool _mirrored;

    /// <param name="dataset">The images.</param>
    /// <param name="net">The features.</param>
    /// <param name="mirrored">Whether mirror images count too.</param>
    /// <param name="most">At most so many, the first ones; null for all.</param>
    public RealFeatures(ImageDataset dataset, IFeatureNet net, bool mirrored, int? most)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        (_dataset, _net, _mirrored) = (dataset, net, mirrored);
        Count = Math.Min(most ?? int.MaxValue, mirrored ? checked(2 * dataset.Count) : dataset.Count);
    }

    /// <inheritdoc/>
    public string What => "real images";

    /// <inheritdoc/>
    public string Key => $"real {_net.Identity} {_dataset.Identity} {(_mirrored ? "mirrored" : "as they are")} {Count}";

    /// <inheritdoc/>
    public int AtOnce => 16;

    /// <inheritdoc/>
    public int Count { get; }

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
        var (width, height) = _dataset.Resolution;
        var pixels = new byte[some.Count * _dataset.ImageBytes];
        for (int i = 0; i < some.Count; i++)
        {
            var (mirror, image) = Math.DivRem(some.Start + i, _dataset.Count);
            _dataset.CopyPixels(image, mirror > 0, pixels.AsSpan(i * _dataset.ImageBytes, _dataset.ImageBytes));
        }
        var features = _net.Features(tensor(pixels, [some.Count, 3, height, width]));
        FiniteRows.Require(features, i => $"{_dataset.Name}: {_dataset.NameOf((some.Start + i) % _dataset.Count)} has features that are NaN or infinite");
        return features.MoveToOuterDisposeScope();
    }
}

/// <summary>Finds the sample whose NaN or infinity would spoil a whole metric.</summary>
internal static class FiniteRows
{
    /// <param name="rows">[N, …]</param>
    /// <param name="describe">Names the sample of a row, and what of it is not finite.</param>
    /// <exception cref="UserErrorException">A row has a NaN or an infinity.</exception>
    public static void Require(Tensor rows, Func<int, string> describe)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var finite = rows.flatten(1).isfinite().all(1);
        if (finite.all().item<bool>())
            return;
        int first = (int)finite.to(TorchSharp.torch.ScalarType.Int32).argmin().item<long>();
        throw new UserErrorException($"{describe(first)}: a metric cannot be computed from it.");
    }
}
