using Atelier.Training.Ops;

namespace Atelier.Training.Networks;

/// <summary>A modulated 3×3 convolution with noise, bias and leaky ReLU (Karras et al. 2020 §2.2).</summary>
internal sealed class SynthesisLayer
{
    private readonly FullyConnectedLayer _affine;
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly Tensor _noiseConstant;
    private readonly Tensor _noiseStrength;
    private readonly Tensor _filter;
    private readonly int _up;
    private readonly int _index;
    private readonly double? _clamp;

    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="index">Place among the synthesis layers, from the start block: which noise it draws.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="styleSize">Length of w.</param>
    /// <param name="size">Output size in pixels.</param>
    /// <param name="up">1 or 2.</param>
    /// <param name="clamp">Bound on the output, or null.</param>
    public SynthesisLayer(INetworkTensors tensors, int index, int inputs, int outputs, int styleSize, (int Width, int Height) size, int up, double? clamp)
    {
        (_index, _up, _clamp) = (index, up, clamp);
        _affine = new FullyConnectedLayer(tensors.Scope("affine"), styleSize, inputs, biasInitial: 1);
        _weight = tensors.Parameter("weight", [outputs, inputs, 3, 3], Initial.Normal);
        _noiseStrength = tensors.Parameter("noise_strength", [], Initial.Zero);
        _bias = tensors.Parameter("bias", [outputs], Initial.Zero);
        _noiseConstant = tensors.Buffer("noise_const", [size.Height, size.Width], Initial.Normal);
        _filter = tensors.ResampleFilter();
    }

    /// <param name="x">[N, inputs, H/up, W/up]</param>
    /// <param name="style">[N, styleSize]</param>
    /// <param name="noise">What to add.</param>
    /// <param name="gain">Scales the output (√½ on residual branches).</param>
    /// <returns>[N, outputs, H, W]</returns>
    public Tensor Forward(Tensor x, Tensor style, NoiseInput noise, double gain = 1)
    {
        var drawn = noise.For(_index, x.shape[0], _noiseConstant);
        return SynthesisLayerOp.Apply(
            x, _weight, _affine.Forward(style), _up == 1 ? null : _filter, drawn, drawn is null ? null : _noiseStrength, _bias,
            _up, padding: 1, flipWeight: _up == 1, Activation.LeakyRelu, Math.Sqrt(2) * gain, _clamp * gain);
    }
}
