using Atelier.Core.Metrics;
using Atelier.Core.Randomness;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

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
