namespace Atelier.Training.Networks;

/// <summary>What the synthesis layers add as noise.</summary>
public abstract class NoiseInput
{
    /// <summary>No noise.</summary>
    public static NoiseInput None { get; } = new NoNoise();

    /// <summary>Each layer's own fixed noise image (<c>noise_const</c>).</summary>
    public static NoiseInput Constant { get; } = new ConstantNoise();

    /// <summary>Fresh noise for every image: <paramref name="draw"/> gets the layer's index from the start block and the shape [N,1,H,W].</summary>
    public static NoiseInput Random(Func<int, long[], Tensor> draw) => new RandomNoise(draw);

    /// <summary>The noise of layer <paramref name="layer"/>, broadcastable to [N,1,H,W], or null for none.</summary>
    internal abstract Tensor? For(int layer, long count, Tensor constant);

    private sealed class NoNoise : NoiseInput
    {
        internal override Tensor? For(int layer, long count, Tensor constant) => null;
    }

    private sealed class ConstantNoise : NoiseInput
    {
        internal override Tensor? For(int layer, long count, Tensor constant) =>
            constant.view(1, 1, constant.shape[0], constant.shape[1]); // [1,1,H,W]
    }

    private sealed class RandomNoise(Func<int, long[], Tensor> draw) : NoiseInput
    {
        internal override Tensor? For(int layer, long count, Tensor constant) =>
            draw(layer, [count, 1, constant.shape[0], constant.shape[1]]);
    }
}
