using Atelier.Training.Interop;
using Atelier.Training.Networks;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Analysis.Correction;

/// <summary>
/// ResNet-18 (He et al. 2016), which classifies images. Images of up to 64 pixels keep their size in the first convolution, as the
/// paper's networks for CIFAR-10 do; larger ones go through a 7×7 convolution of stride 2 and pooling.
/// </summary>
public sealed class ResidualNetwork
{
    private const int LargestSmallImage = 64;

    private readonly NormalisedConvolution _stem;
    private readonly ResidualBlock[] _blocks;
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly bool _pools;
    private readonly int _seen;

    /// <summary>Builds the network over <paramref name="tensors"/>.</summary>
    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="side">The longer side of the images.</param>
    /// <param name="width">Channels of the first stage; 64 in the paper.</param>
    /// <param name="classes">Classes.</param>
    public ResidualNetwork(INetworkTensors tensors, int side, int width, int classes)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        _pools = side > LargestSmallImage;
        _seen = _pools ? 8 : 6;
        _stem = new NormalisedConvolution(tensors.Scope("stem"), 3, width, _pools ? 7 : 3, _pools ? 2 : 1);
        _blocks = new ResidualBlock[8];
        for (int i = 0; i < _blocks.Length; i++)
        {
            int stage = i / 2, outputs = width << stage;
            bool begins = i % 2 == 0 && stage > 0;
            _blocks[i] = new ResidualBlock(tensors.Scope($"layer{stage + 1}.{i % 2}"), begins ? outputs / 2 : outputs, outputs, begins ? 2 : 1);
        }
        int features = width << 3;
        _weight = tensors.Parameter("fc.weight", [classes, features], new Initial(1 / Math.Sqrt(features), 0));
        _bias = tensors.Parameter("fc.bias", [classes], Initial.Zero);
    }

    /// <summary>
    /// What Grad-CAM looks at: the last convolutions' output, or for images of up to 64 pixels the third stage's, since the fourth one's would
    /// be but 4×4 for 32.
    /// </summary>
    /// <param name="images">[N, 3, H, W] in [-1, 1].</param>
    /// <param name="training">Whether the minibatch's own statistics normalise, and are followed.</param>
    /// <returns>[N, C, h, w]</returns>
    public Tensor Features(Tensor images, bool training)
    {
        var x = F.relu(_stem.Forward(images, training));
        if (_pools)
            x = F.max_pool2d(x, [3, 3], [2, 2], [1, 1]);
        foreach (var block in _blocks.Take(_seen))
            x = block.Forward(x, training);
        return x;
    }

    /// <summary>Logits of the classes, from <see cref="Features"/>.</summary>
    /// <param name="features">[N, C, h, w]</param>
    /// <param name="training">As there.</param>
    /// <returns>[N, classes]</returns>
    public Tensor Logits(Tensor features, bool training)
    {
        ArgumentNullException.ThrowIfNull(features);
        foreach (var block in _blocks.Skip(_seen))
            features = block.Forward(features, training);
        return features.mean([2L, 3L]).matmul(_weight.t()).Plus(_bias);
    }

    /// <summary>Two 3×3 convolutions beside a shortcut.</summary>
    private sealed class ResidualBlock(INetworkTensors tensors, int inputs, int outputs, int stride)
    {
        private readonly NormalisedConvolution _first = new(tensors.Scope("conv1"), inputs, outputs, 3, stride);
        private readonly NormalisedConvolution _second = new(tensors.Scope("conv2"), outputs, outputs, 3, 1);
        private readonly NormalisedConvolution? _shortcut = stride == 1 ? null : new(tensors.Scope("shortcut"), inputs, outputs, 1, stride);

        public Tensor Forward(Tensor x, bool training)
        {
            var y = _second.Forward(F.relu(_first.Forward(x, training)), training);
            return F.relu(y.Plus(_shortcut?.Forward(x, training) ?? x));
        }
    }

    /// <summary>A convolution and batch normalisation (Ioffe and Szegedy 2015).</summary>
    private sealed class NormalisedConvolution(INetworkTensors tensors, int inputs, int outputs, int kernel, int stride)
    {
        private readonly Tensor _weight = tensors.Parameter("weight", [outputs, inputs, kernel, kernel], new Initial(Math.Sqrt(2.0 / (inputs * kernel * kernel)), 0));
        private readonly Tensor _scale = tensors.Parameter("scale", [outputs], Initial.Constant(1));
        private readonly Tensor _shift = tensors.Parameter("shift", [outputs], Initial.Zero);
        private readonly Tensor _mean = tensors.Buffer("running_mean", [outputs], Initial.Zero);
        private readonly Tensor _variance = tensors.Buffer("running_var", [outputs], Initial.Constant(1));

        public Tensor Forward(Tensor x, bool training) =>
            F.batch_norm(F.conv2d(x, _weight, strides: [stride, stride], padding: [kernel / 2, kernel / 2]), _mean, _variance, _scale, _shift, training);
    }
}
