using Atelier.Core.Schedules;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

/// <summary>All that the golden cases call of the ops, from their inputs in the order of their lists.</summary>
internal static class GoldenOps
{
    public const double Root2 = 1.4142135623730951;

    /// <param name="t">x, weight, styles, bias; noise and its strength, if any; the filter.</param>
    /// <param name="noise">Samples of the noise, or 0.</param>
    /// <param name="up">1 or 2.</param>
    /// <param name="clamp">Or null.</param>
    public static Tensor Synthesis(Tensor[] t, int noise, int up, double? clamp) => new ConvolutionLayer(3, up, 1, ResamplingFilter.From(t[^1]), Activation.LeakyRelu).Apply(
        t[0], t[1], t[2], DemodulationOp.Apply(t[1], t[2]), noise > 0 ? t[4] : null, noise > 0 ? t[5] : null, t[3], Root2, clamp);

    /// <param name="t">x, weight; bias, if any; the filter.</param>
    /// <param name="bias">Whether there is a bias, and an activation.</param>
    /// <param name="up">1 or 2.</param>
    /// <param name="down">1 or 2.</param>
    /// <param name="gain">Of the activation.</param>
    /// <param name="clamp">Or null.</param>
    public static Tensor Conv(Tensor[] t, bool bias, int up, int down, double gain, double? clamp) => 
        new ConvolutionLayer((int)t[1].shape[2], up, down, ResamplingFilter.From(t[^1]), bias ? Activation.LeakyRelu : Activation.Linear).Apply(
            t[0], t[1] * (1 / Math.Sqrt(t[1].shape[1] * t[1].shape[2] * t[1].shape[3])), bias: bias ? t[2] : null, gain: gain, clamp: clamp);

    /// <param name="t">x, weight, styles, bias.</param>
    /// <param name="clamp">Or null.</param>
    public static Tensor ToRgb(Tensor[] t, double? clamp) => 
        new ConvolutionLayer(1, 1, 1, null, Activation.Linear).Apply(t[0], t[1], t[2], bias: t[3], clamp: clamp);

    /// <param name="t">x, weight; bias, if any.</param>
    /// <param name="multiplier">Of the learning rate.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="activation">The activation.</param>
    public static Tensor FullyConnected(Tensor[] t, double multiplier, bool bias, Activation activation) =>
        Training.Ops.FullyConnected.Apply(t[0], t[1], multiplier / Math.Sqrt(t[1].shape[1]), bias ? t[2] : null, multiplier, activation);

    public static Tensor Upsample(Tensor x, Tensor filter, int factor = 2) => Upfirdn2d.Upsample(x, filter, factor);

    public static Tensor Downsample(Tensor x, Tensor filter, int factor = 2) => Upfirdn2d.Downsample(x, filter, factor);

    /// <param name="x">The images.</param>
    /// <param name="filter">Or null.</param>
    /// <param name="up">Along x and y.</param>
    /// <param name="down">Along x and y.</param>
    /// <param name="padding">Left, right, top, bottom.</param>
    /// <param name="flip">Correlate.</param>
    /// <param name="gain">Of the result.</param>
    public static Tensor Resample(Tensor x, Tensor? filter, (int, int) up, (int, int) down, int[] padding, bool flip, double gain) =>
        Upfirdn2d.Apply(x, filter, up, down, new Padding2d(padding[0], padding[1], padding[2], padding[3]), flip, gain);

    /// <param name="t">x; bias, if any.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="dim">Of the bias.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="alpha">Or null.</param>
    /// <param name="gain">Or null.</param>
    /// <param name="clamp">Or null.</param>
    public static Tensor BiasAct(Tensor[] t, bool bias, int dim, Activation activation, double? alpha, double? gain, double? clamp) =>
        PublishedOps.BiasAct(t[0], bias ? t[1] : null, dim, activation, alpha, gain, clamp);

    public static Tensor MinibatchStd(Tensor x, int? group, int channels) => Training.Ops.MinibatchStd.Apply(x, group, channels);

    public static Tensor Augment(Tensor x, double[] parameters, Tensor noise) => AugmentOp.Apply(x, parameters, noise);

    /// <summary>A step, from moments that are 0 before the first; then the average moves towards the parameters.</summary>
    public static (string, Tensor)[] AdamThenEma(ScalarType dtype, long step, double beta1, double gradientScale, double beta)
    {
        const int count = 1003; // odd: leaves a tail behind every width of vector
        Tensor Numbers(uint seed, double scale, double offset) => GoldenFormula.Tensor(dtype, seed, [count], scale, offset);
        var (parameters, gradient, average) = (Numbers(1, 1, 0), Numbers(2, 1.0 / 64, 0), Numbers(5, 1, 0));
        var (first, second) = step == 1 ? (zeros(count, dtype), zeros(count, dtype)) : (Numbers(3, 1.0 / 128, 0), Numbers(4, 1.0 / 32768, 1.0 / 32768));
        Assert.Equal([0.0, 0], FlatOptimizer.AdamStep(parameters, gradient, first, second, new AdamHyper(0.0023, beta1, 0.9919, 1e-8), step, gradientScale).data<double>().ToArray());
        FlatOptimizer.Ema(average, parameters, beta);
        return [("parameters", parameters), ("first moment", first), ("second moment", second), ("average", average)];
    }
}
