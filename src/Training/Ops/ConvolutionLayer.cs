using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// A whole convolution layer as one function: y = clamp(slope(gain·scale ⊙ K(x ⊙ styles, w) + strength·noise + bias)), with K a
/// convolution that may resample, ⊙ per sample and channel, and a piecewise linear activation. Every layer of StyleGAN2 that
/// convolves is this with some parts left out: synthesis layers (styles modulate, scale demodulates: Karras et al. 2020,
/// equations 1 and 3), discriminator layers (neither), the way to RGB (no demodulation).
/// </summary>
/// <remarks>
/// Twice differentiable in all but the noise, once in that. What is kept for the backward pass is its inputs and y; the convolution's own
/// output and the modulated image are never kept, and no weight is ever expanded per sample. Without kernels it is composed
/// of <see cref="PublishedOps"/>.
/// </remarks>
public sealed class ConvolutionLayer
{
    private readonly ResamplingFilter? _filter;
    private readonly int _up;
    private readonly int _down;
    private readonly int _padding;
    private readonly bool _correlates;
    private readonly Activation _activation;

    /// <summary>A layer's constants.</summary>
    /// <param name="kernel">Side of the weight, odd; the padding keeps the size.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="down">Factor, 1 for none; not together with <paramref name="up"/>.</param>
    /// <param name="filter">Used where it goes up or down; null for none.</param>
    /// <param name="activation"><see cref="Activation.Linear"/> or <see cref="Activation.LeakyRelu"/>.</param>
    /// <param name="padding">On all sides, relative to the upsampled image; null for kernel/2.</param>
    /// <param name="correlates">False turns the weight by 180°; null for what the published layers do: a correlation unless it goes up.</param>
    public ConvolutionLayer(int kernel, int up, int down, ResamplingFilter? filter, Activation activation, int? padding = null, bool? correlates = null)
    {
        if (activation is not (Activation.Linear or Activation.LeakyRelu))
            throw new ArgumentOutOfRangeException(nameof(activation), activation, "a fused layer is linear or leaky");
        (_filter, _up, _down, _padding, _correlates, _activation) = (up == 1 && down == 1 ? null : filter, up, down, padding ?? kernel / 2, correlates ?? up == 1, activation);
        Convolution = new ResampledConvolution(kernel, up, down, _padding, _correlates, _filter);
    }

    internal ResampledConvolution Convolution { get; }

    /// <summary>Computes the layer.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, k, k]</param>
    /// <param name="styles">[N, I], multiplies x; null: 1.</param>
    /// <param name="demodulation">[N, O], multiplies the convolution; null: 1.</param>
    /// <param name="noise">[N or 1, 1, H·up, W·up]; null: none.</param>
    /// <param name="strength">[], factor of the noise; null without noise.</param>
    /// <param name="bias">[O]; null: none.</param>
    /// <param name="gain">Scales the activation.</param>
    /// <param name="clamp">Bound on the result's magnitude; null: none.</param>
    /// <param name="weightGain">Multiplies the weight: equalised learning rate (Karras et al. 2018 §4.1), without a scaled copy of the weight.</param>
    /// <returns>[N, O, H·up/down, W·up/down]</returns>
    /// <exception cref="OpException">Shapes or precisions do not fit.</exception>
    public Tensor Apply(
        Tensor x, Tensor weight, Tensor? styles = null, Tensor? demodulation = null, Tensor? noise = null, Tensor? strength = null, Tensor? bias = null,
        double gain = 1, double? clamp = null, double weightGain = 1)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        OpException.Unless(x.dim() == 4 && weight.dim() == 4 && weight.size(1) == x.size(1) && (weight.dtype == x.dtype || IsHalf(x)), $"convolution layer: weight {weight} does not fit x {x}");
        OpException.Unless(styles is null || Fits(styles, x.size(0), x.size(1)), $"convolution layer: styles {styles} do not fit x {x}");
        OpException.Unless(demodulation is null || Fits(demodulation, x.size(0), weight.size(0)), $"convolution layer: demodulation {demodulation} does not fit weight {weight}");
        OpException.Unless(bias is null || (bias.dim() == 1 && bias.size(0) == weight.size(0)), $"convolution layer: bias {bias} does not fit weight {weight}");
        OpException.Unless(noise is null == strength is null, $"convolution layer: noise {noise} comes with its strength {strength}");
        if (IsHalf(x))
            return WithHalves(x, weight.Times(weightGain), styles, demodulation, noise, strength, bias, gain, clamp);
        if (OpKernels.Gpu(x) is { } kernels && noise is not { requires_grad: true })
            return OnGpu(kernels, x, weight, styles, demodulation, noise, strength, bias, gain, clamp, weightGain);
        if (!OpKernels.Fit(x))
            return Plain(x, weightGain == 1 ? weight : weight.Times(weightGain), styles, demodulation, noise, strength, bias, gain, clamp);

        var operands = new LayerOperands(
            x.contiguous(), weight.contiguous(), styles?.contiguous(), demodulation?.contiguous(), noise?.contiguous(), strength, bias?.contiguous());
        var settings = new LayerSettings(Convolution, (float)weightGain, (float)gain, NegativeSlope(gain), (float)(clamp ?? double.PositiveInfinity));
        var epilogue = settings.Epilogue(operands.Demodulation, operands.Noise, operands.Strength, operands.Bias);
        var y = Convolution.Apply(operands.X, operands.Styles, operands.Weight, epilogue);
        GC.KeepAlive(operands);
        return AutogradNode.IsNeeded(x, weight, styles, demodulation, noise, strength, bias) ? new LayerNode(settings).Attach(operands, y) : y;
    }

    private float NegativeSlope(double gain) => (float)(_activation == Activation.LeakyRelu ? gain * Activation.LeakyRelu.DefaultAlpha() : gain);

    /// <summary>
    /// The layer for x in float16 or bfloat16 with everything else in float32: the convolution reads and writes 16 bits, and what
    /// follows it is computed in float32 and rounded once (Karras et al. 2020, ADA, appendix E).
    /// </summary>
    private Tensor WithHalves(
        Tensor x, Tensor weight, Tensor? styles, Tensor? demodulation, Tensor? noise, Tensor? strength, Tensor? bias, double gain, double? clamp)
    {
        if (demodulation is not null && x.dtype == ScalarType.Float16)
            (weight, styles, demodulation) = Bounded(weight, styles!, demodulation);
        var modulated = styles is null ? x : x * PublishedOps.PerChannel(styles.to(x.dtype));
        if (OpKernels.Gpu(x) is { } kernels && noise is not { requires_grad: true })
            return OnGpu(kernels, modulated, weight.to(x.dtype), null, demodulation, noise, strength, bias, gain, clamp, weightGain: 1);
        var u = PublishedOps.Conv2dResample(modulated, weight.to(x.dtype), _filter?.ToTensor(x.dtype, x.device), _up, _down, _padding, flipWeight: _correlates);
        return Finished(u.to(ScalarType.Float32), demodulation, noise, strength, bias, gain, clamp).to(x.dtype);
    }

    /// <summary>
    /// Weights and styles scaled so that no sum of a convolution leaves float16's range, and the factors that undo it. Those are
    /// constants to differentiation: the layer does not depend on them.
    /// </summary>
    private static (Tensor Weight, Tensor Styles, Tensor Demodulation) Bounded(Tensor weight, Tensor styles, Tensor demodulation)
    {
        Tensor ofWeight, ofStyles; // [O], [N]
        using (no_grad())
        {
            double fanIn = weight.size(1) * weight.size(2) * weight.size(3);
            ofWeight = weight.abs().amax([1L, 2L, 3L]).Times(Math.Sqrt(fanIn)).reciprocal();
            ofStyles = styles.abs().amax([1L]).reciprocal();
        }
        return (weight * ofWeight.view(-1, 1, 1, 1), styles * ofStyles.unsqueeze(1), demodulation / (ofStyles.unsqueeze(1) * ofWeight.unsqueeze(0)));
    }

    private static bool IsHalf(Tensor x) => x.dtype is ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>libtorch's convolution, and one pass for all that follows it.</summary>
    private Tensor OnGpu(
        GpuKernels kernels, Tensor x, Tensor weight, Tensor? styles, Tensor? demodulation, Tensor? noise, Tensor? strength, Tensor? bias, double gain, double? clamp, double weightGain)
    {
        var u = Convolution.Composed(styles is null ? x : x * PublishedOps.PerChannel(styles), weight);
        var settings = new GpuEpilogueSettings(kernels, (float)weightGain, (float)gain, NegativeSlope(gain), (float)(clamp ?? double.PositiveInfinity));
        return GpuEpilogueOp.Apply(settings, u, demodulation, noise, strength, bias);
    }

    private Tensor Plain(
        Tensor x, Tensor weight, Tensor? styles, Tensor? demodulation, Tensor? noise, Tensor? strength, Tensor? bias, double gain, double? clamp)
    {
        var y = PublishedOps.Conv2dResample(
            styles is null ? x : x * PublishedOps.PerChannel(styles), weight, _filter?.ToTensor(x.dtype, x.device), _up, _down, _padding, flipWeight: _correlates);
        return Finished(y, demodulation, noise, strength, bias, gain, clamp);
    }

    private Tensor Finished(Tensor y, Tensor? demodulation, Tensor? noise, Tensor? strength, Tensor? bias, double gain, double? clamp)
    {
        if (demodulation is not null)
            y *= PublishedOps.PerChannel(demodulation);
        if (noise is not null)
            y = y.Plus(noise * strength!);
        return PublishedOps.BiasAct(y, bias, 1, _activation, gain: gain, clamp: clamp);
    }

    private static bool Fits(Tensor rows, long samples, long channels) => rows.dim() == 2 && rows.size(0) == samples && rows.size(1) == channels;
}

/// <summary>What of a layer is not differentiated.</summary>
internal sealed record LayerSettings(ResampledConvolution Convolution, float WeightGain, float Positive, float Negative, float Clamp)
{
    public EpilogueTensors Epilogue(Tensor? scale, Tensor? noise, Tensor? strength, Tensor? bias) =>
        new(WeightGain, scale, noise, strength is null ? 0 : OpKernels.Number(strength), bias, Positive, Negative, Clamp);
}

/// <summary>The tensors of a layer, contiguous; null where left out.</summary>
internal sealed record LayerOperands(Tensor X, Tensor Weight, Tensor? Styles, Tensor? Demodulation, Tensor? Noise, Tensor? Strength, Tensor? Bias);
