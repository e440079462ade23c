using Atelier.Core.Randomness;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Randomness;

/// <summary>
/// Every random draw of one shard in one phase of one iteration. A draw is a function of what it is for, not of what
/// was drawn before (docs/decisions/0004-randomness.md); reference tests supply recorded values instead.
/// </summary>
public interface IShardDraws
{
    /// <summary>z of the shard's images, [count, latentSize].</summary>
    Tensor Latents(int count);

    /// <summary>Labels of the generated images, [count, labelSize], or null for an unconditional network.</summary>
    Tensor? Labels(int count);

    /// <summary>From which style on a second latent takes over (style mixing), or null for not at all.</summary>
    int? MixingCutoff(int styleCount);

    /// <summary>The second latents, [count, latentSize].</summary>
    Tensor SecondLatents(int count);

    /// <summary>The image-shaped noise of the path-length penalty, standard normal, [count, 3, H, W].</summary>
    Tensor PathNoise(long[] shape);

    /// <summary>What keys the augmentations of the shard's images.</summary>
    DrawKey Augmentation { get; }

    /// <summary>What the synthesis layers add.</summary>
    NoiseInput Noise { get; }
}

/// <summary>The draws of a run: keyed by seed, branch, purpose, iteration, phase and shard, and by nothing else.</summary>
/// <param name="basis">Seed, branch, iteration, phase and shard; purpose and layer are filled in per draw.</param>
/// <param name="source">What all shards of a run have in common.</param>
public sealed class KeyedDraws(DrawKey basis, DrawSource source) : IShardDraws
{
    /// <inheritdoc/>
    public NoiseInput Noise { get; } = source.RandomNoise
        ? NoiseInput.Random((layer, shape) => Normal(basis with { Purpose = DrawPurpose.Noise, Layer = layer }, source, shape))
        : NoiseInput.Constant;

    /// <inheritdoc/>
    public DrawKey Augmentation => basis with { Purpose = DrawPurpose.Augmentation };

    /// <inheritdoc/>
    public Tensor Latents(int count) => Normal(basis with { Purpose = DrawPurpose.Latent }, source, [count, source.LatentSize]);

    /// <inheritdoc/>
    public Tensor? Labels(int count)
    {
        if (source.LabelSize == 0)
            return null;
        var key = basis with { Purpose = DrawPurpose.GeneratedLabel };
        var labels = new float[count * source.LabelSize];
        for (int i = 0; i < count; i++)
            source.CopyLabel(ScalarDraws.Below(key, source.LabelCount, (ulong)i), labels.AsSpan(i * source.LabelSize, source.LabelSize));
        return tensor(labels, [count, source.LabelSize]).to(source.Precision).to(source.Device);
    }

    /// <inheritdoc/>
    public int? MixingCutoff(int styleCount)
    {
        if (!ScalarDraws.Bernoulli(basis with { Purpose = DrawPurpose.MixingDecision }, source.StyleMixing, 0))
            return null;
        return 1 + (int)ScalarDraws.Below(basis with { Purpose = DrawPurpose.MixingCutoff }, styleCount - 1, 0);
    }

    /// <inheritdoc/>
    public Tensor SecondLatents(int count) => Normal(basis with { Purpose = DrawPurpose.SecondLatent }, source, [count, source.LatentSize]);

    /// <inheritdoc/>
    public Tensor PathNoise(long[] shape) => Normal(basis with { Purpose = DrawPurpose.PathNoise }, source, shape);

    /// <summary>A draw of standard normal numbers. Where the device cannot draw it by the same operations, it is filled on the host.</summary>
    internal static Tensor Normal(DrawKey key, long[] shape, ScalarType precision, Device device)
    {
        var (philoxKey, counterHigh) = key.ToPhilox();
        bool there = PhiloxFill.CanFill(precision, device);
        var values = there ? empty(shape, precision, device) : empty(shape, precision);
        PhiloxFill.Normal(values, philoxKey, counterHigh);
        return there ? values : values.to(device);
    }

    private static Tensor Normal(DrawKey key, DrawSource source, long[] shape) => Normal(key, shape, source.Precision, source.Device);
}

/// <summary>What the draws of all shards of a run have in common.</summary>
/// <param name="LatentSize">Length of z.</param>
/// <param name="LabelSize">Length of a label vector; 0 for none.</param>
/// <param name="LabelCount">Number of labels in the dataset that generated images can take theirs from.</param>
/// <param name="CopyLabel">Copies the label of a dataset image.</param>
/// <param name="StyleMixing">Probability that a shard's images mix two latents.</param>
/// <param name="RandomNoise">Fresh noise in the synthesis layers; else each layer's constant one.</param>
/// <param name="Precision">float32 or float64.</param>
/// <param name="Device">Where the tensors are wanted.</param>
public sealed record DrawSource(
    int LatentSize, int LabelSize, long LabelCount, CopyLabel CopyLabel, double StyleMixing, bool RandomNoise, ScalarType Precision, Device Device);

/// <summary>Copies the label vector of dataset image <paramref name="image"/> into <paramref name="destination"/>.</summary>
public delegate void CopyLabel(long image, Span<float> destination);
