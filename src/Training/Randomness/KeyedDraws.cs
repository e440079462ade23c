using Atelier.Core.Randomness;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Randomness;

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

    /// <summary>A draw of standard normal numbers. Filled on the host: it must not depend on the device.</summary>
    internal static Tensor Normal(DrawKey key, long[] shape, ScalarType precision, Device device)
    {
        var (philoxKey, counterHigh) = key.ToPhilox();
        var values = empty(shape, precision);
        PhiloxFill.Normal(values, philoxKey, counterHigh);
        return device.type == TorchSharp.DeviceType.CPU ? values : values.to(device);
    }

    private static Tensor Normal(DrawKey key, DrawSource source, long[] shape) => Normal(key, shape, source.Precision, source.Device);
}
