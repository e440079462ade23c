using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Ops;

/// <summary>
/// The ops of the published networks by their definition, composed of libtorch's functions: any device, any precision,
/// differentiable any number of times. What training computes by kernels is compared with these, and runs them where a
/// device has no kernels.
/// </summary>
public static class PublishedOps
{
    /// <summary>clamp(act(x + b)·gain, ±clamp)</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="bias">[x.shape[dim]] or null.</param>
    /// <param name="dim">The dimension that the bias runs along.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="alpha">Slope of leaky ReLU below 0; null for <see cref="ActivationDefaults.DefaultAlpha"/>.</param>
    /// <param name="gain">Null for <see cref="ActivationDefaults.DefaultGain"/>.</param>
    /// <param name="clamp">Bound on the result's magnitude, or null.</param>
    /// <returns>Of x's shape.</returns>
    /// <exception cref="OpException">The bias does not fit.</exception>
    public static Tensor BiasAct(
        Tensor x, Tensor? bias = null, int dim = 1, Activation activation = Activation.Linear,
        double? alpha = null, double? gain = null, double? clamp = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        OpException.Unless(dim >= 0 && dim < x.dim(), $"bias_act: x {dim} has no dimension {x}");
        var y = x.alias(); // the caller may free it, and keep x
        if (bias is not null)
        {
            OpException.Unless(bias.dim() == 1 && bias.size(0) == x.shape[dim], $"bias_act: bias {bias} does not fit dimension {dim} of x {x}");
            var along = Enumerable.Repeat(1L, (int)x.dim()).ToArray();
            along[dim] = -1;
            y = y.Plus(bias.reshape(along));
        }
        y = activation switch
        {
            Activation.Linear => y,
            Activation.Relu => F.relu(y),
            Activation.LeakyRelu => y.leaky_relu(Number(alpha ?? activation.DefaultAlpha())),
            Activation.Tanh => tanh(y),
            Activation.Sigmoid => sigmoid(y),
            Activation.Elu => y.elu(Number(1), Number(1), Number(1)),
            Activation.Selu => F.selu(y),
            Activation.Softplus => y.Softplus(),
            Activation.Swish => sigmoid(y) * y,
            _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown"),
        };
        double scale = gain ?? activation.DefaultGain();
        if (scale != 1)
            y = y.Times(scale);
        return clamp is { } bound ? y.clamp(Number(-bound), Number(bound)) : y;
    }

    /// <summary>A convolution with up- or downsampling (the published conv2d_resample).</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I/groups, kh, kw]</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="down">Factor, 1 for none.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <param name="flipWeight">True correlates, as conv2d does; false convolves.</param>
    /// <returns>[N, O, H·up/down, W·up/down] for padding kernel/2.</returns>
    public static Tensor Conv2dResample(
        Tensor x, Tensor weight, Tensor? filter = null, int up = 1, int down = 1, int padding = 0, int groups = 1, bool flipWeight = true)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        OpException.Unless(up >= 1 && down >= 1 && groups >= 1, $"conv2d_resample: up {up}, down {down} and groups {groups} must be at least 1");
        OpException.Unless(x.dim() == 4 && weight.dim() == 4 && weight.size(1) * groups == x.size(1), $"conv2d_resample: weight {weight} does not fit x {x}");
        var around = Padding2d.Around(padding, filter, up, down);
        var y = Upfirdn2d.Plain(x, up > 1 ? filter : null, (up, up), (1, 1), around, flipFilter: false, up * up);
        y = F.conv2d(y, flipWeight ? weight : weight.flip(2, 3), groups: groups);
        return down > 1 ? Upfirdn2d.Plain(y, filter, (1, 1), (down, down), default, flipFilter: false, 1) : y;
    }

    /// <summary>Modulated convolution (Karras et al. 2020 §2.2, equations 1 and 3): scale x by the styles, convolve, scale by 1/√(Σ(w·s)² + 1e-8), add noise.</summary>
    /// <param name="x">[N, I, H, W]</param>
    /// <param name="weight">[O, I, kh, kw]</param>
    /// <param name="styles">[N, I]</param>
    /// <param name="noise">[N or 1, 1, H·up, W·up] or null.</param>
    /// <param name="up">Factor, 1 for none.</param>
    /// <param name="padding">On all sides, relative to the upsampled image.</param>
    /// <param name="filter">As in <see cref="Upfirdn2d.Apply"/>; null for none.</param>
    /// <param name="demodulate">Whether the second scaling happens.</param>
    /// <param name="flipWeight">True correlates, false convolves.</param>
    /// <returns>[N, O, H·up, W·up] for padding kernel/2.</returns>
    public static Tensor ModulatedConv2d(
        Tensor x, Tensor weight, Tensor styles, Tensor? noise = null, int up = 1, int padding = 0, Tensor? filter = null,
        bool demodulate = true, bool flipWeight = true)
    {
        ArgumentNullException.ThrowIfNull(styles);
        OpException.Unless(styles.dim() == 2 && styles.size(0) == x.size(0) && styles.size(1) == x.size(1), $"modulated_conv2d: styles {styles} do not fit x {x}");
        var y = Conv2dResample(x * PerChannel(styles), weight, filter, up, padding: padding, flipWeight: flipWeight);
        if (demodulate)
            y *= PerChannel(Demodulation(weight, styles));
        return noise is null ? y : y.Plus(noise);
    }

    /// <summary>1/√(Σ(w·s)² + 1e-8)</summary>
    /// <param name="weight">[O, I, kh, kw]</param>
    /// <param name="styles">[N, I]</param>
    /// <returns>[N, O]</returns>
    public static Tensor Demodulation(Tensor weight, Tensor styles)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(styles);
        return MatrixProductOp.Multiply(styles * styles, weight.Squared().sum([2L, 3L]), transposeRight: true).Plus(1e-8).rsqrt();
    }

    internal static Tensor PerChannel(Tensor rows) => rows.unsqueeze(2).unsqueeze(3); // [N,C,1,1]
}

/// <summary>Pixels of padding on each side; negative ones crop.</summary>
public readonly record struct Padding2d(int Left, int Right, int Top, int Bottom)
{
    /// <summary>What centres a filter that goes up or down, around a convolution's own padding.</summary>
    internal static Padding2d Around(int padding, Tensor? filter, int up, int down)
    {
        int height = (int)(filter?.shape[0] ?? 1), width = (int)(filter?.shape[^1] ?? 1);
        var (left, right) = Along(padding, width, up, down);
        var (top, bottom) = Along(padding, height, up, down);
        return new(left, right, top, bottom);
    }

    /// <summary>The same along one axis for a filter of <paramref name="taps"/>.</summary>
    internal static (int Before, int Behind) Along(int padding, int taps, int up, int down)
    {
        int before = padding, behind = padding;
        if (up > 1)
            (before, behind) = (before + ((taps + up - 1) / 2), behind + ((taps - up) / 2));
        if (down > 1)
            (before, behind) = (before + ((taps - down + 1) / 2), behind + ((taps - down) / 2));
        return (before, behind);
    }
}
