using Atelier.Core;
using Atelier.Training.Randomness;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>Closed paths through a network's latents, for videos that loop.</summary>
public static class LatentPath
{
    /// <summary>The shortest video.</summary>
    public const int FewestFrames = 2;

    private const int MostFrames = 100_000;
    private const int Harmonics = 2;

    /// <summary>
    /// From style to style and back to the first, along the cubic through neighbours (Catmull and Rom 1974), so that the speed does not
    /// jump at a key.
    /// </summary>
    /// <param name="keys">[K, StyleCount, styleSize]</param>
    /// <param name="frames">Frames in all.</param>
    /// <returns>[frames, StyleCount, styleSize]</returns>
    /// <exception cref="UserErrorException">There are fewer than two frames, or keys.</exception>
    public static Tensor ThroughStyles(Tensor keys, int frames)
    {
        ArgumentNullException.ThrowIfNull(keys);
        RequireFrames(frames);
        int count = (int)keys.shape[0];
        if (count < 2)
            throw new UserErrorException("an interpolation needs at least two seeds, such as --seeds 0-3; only --walk works with one");
        var weights = new float[frames * count];
        for (int frame = 0; frame < frames; frame++)
        {
            double at = (double)frame * count / frames;
            int key = (int)at;
            double t = at - key, t2 = t * t, t3 = t2 * t;
            double[] cubic = [(-t3 + (2 * t2) - t) / 2, ((3 * t3) - (5 * t2) + 2) / 2, ((-3 * t3) + (4 * t2) + t) / 2, (t3 - t2) / 2];
            for (int i = 0; i < cubic.Length; i++)
                weights[(frame * count) + ((key + i - 1 + count) % count)] += (float)cubic[i];
        }
        using var scope = NewDisposeScope();
        return tensor(weights, [frames, count]).to(keys.device).matmul(keys.flatten(1)).view(frames, keys.shape[1], keys.shape[2]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A random walk in Z that ends where it began: a sum of sines and cosines with normal weights, which at every frame is
    /// itself a standard normal draw.
    /// </summary>
    /// <param name="seed">Which walk.</param>
    /// <param name="latentSize">Length of z.</param>
    /// <param name="frames">Frames in all.</param>
    /// <returns>[frames, latentSize]</returns>
    /// <exception cref="UserErrorException">There are fewer than two frames.</exception>
    public static Tensor Walk(uint seed, int latentSize, int frames)
    {
        RequireFrames(frames);
        var weights = PublishedSeeds.Latent(seed, 2 * Harmonics * latentSize);
        var z = new float[frames * latentSize];
        for (int frame = 0; frame < frames; frame++)
        {
            for (int i = 0; i < latentSize; i++)
            {
                double sum = 0;
                for (int k = 0; k < Harmonics; k++)
                {
                    var (sine, cosine) = Math.SinCos(2 * Math.PI * (k + 1) * frame / frames);
                    sum += (weights[(2 * k * latentSize) + i] * cosine) + (weights[(((2 * k) + 1) * latentSize) + i] * sine);
                }
                z[(frame * latentSize) + i] = (float)(sum / Math.Sqrt(Harmonics));
            }
        }
        return tensor(z, [frames, latentSize]);
    }

    private static void RequireFrames(int frames)
    {
        if (frames is < FewestFrames or > MostFrames)
            throw new UserErrorException($"a video of {frames} frame{(frames == 1 ? "" : "s")}: must be from {FewestFrames} to {MostFrames:#,0} frames; use `generate` for single pictures");
    }
}
