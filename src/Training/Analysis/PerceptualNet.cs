using Atelier.Core.Randomness;
using Atelier.Training.Interop;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Atelier.Training.Analysis;

/// <summary>Images as points, so that the squared distance of two points says how different the images look. Differentiable.</summary>
public interface IPerceptualNet
{
    /// <summary>What people are told that distances are of.</summary>
    string Name { get; }

    /// <summary>Identifies everything that the points depend on besides the images.</summary>
    string Identity { get; }

    /// <summary>The points of some images.</summary>
    /// <param name="images">float32 [N, 3, H, W], values from 0 to 255.</param>
    /// <returns>[N, D]</returns>
    Tensor Embed(Tensor images);
}

/// <summary>LPIPS over VGG-16 (Zhang et al. 2018), from the published TorchScript.</summary>
/// <param name="detector">VGG-16; not owned.</param>
public sealed class VggPerceptualNet(ScriptDetector detector) : IPerceptualNet
{
    /// <inheritdoc/>
    public string Name => $"LPIPS ({Path.GetFileName(detector.Path)})";

    /// <inheritdoc/>
    public string Identity => $"lpips {detector.Sha256}";

    /// <inheritdoc/>
    public Tensor Embed(Tensor images) => detector.RunInGraph(images, ("resize_images", false), ("return_lpips", true));
}

/// <summary>
/// A perceptual distance that needs no file: pixels, and the maps of a fixed random convolutional net, compared as LPIPS
/// compares those of VGG-16 (unit vectors over channels, squared differences averaged over the picture). Random nets see
/// less than trained ones (Zhang et al. 2018, table 5), and the numbers compare with no others.
/// </summary>
/// <remarks>Any change of layers or weights makes another distance and needs another <see cref="Identity"/>.</remarks>
public sealed class RandomPerceptualNet : IPerceptualNet, IDisposable
{
    private const double Slope = 0.2;

    private static readonly (int Channels, int Kernel)[] Layers = [(32, 5), (64, 3), (64, 3)];

    private readonly Tensor[] _weights;

    /// <summary>Makes the net.</summary>
    /// <param name="device">Where it computes.</param>
    public RandomPerceptualNet(Device device)
    {
        using var scope = NewDisposeScope();
        _weights = new Tensor[Layers.Length];
        int inputs = 3;
        for (int layer = 0; layer < Layers.Length; layer++)
        {
            var (channels, kernel) = Layers[layer];
            var (key, high) = new DrawKey(Seed: 0, Branch: 0, DrawPurpose.PerceptualWeights, Layer: layer).ToPhilox();
            var weight = empty([channels, inputs, kernel, kernel], ScalarType.Float32);
            PhiloxFill.Normal(weight, key, high);
            weight.mul_(Number(Math.Sqrt(2 / (1 + (Slope * Slope)) / (inputs * kernel * kernel)))); // He et al. 2015
            _weights[layer] = weight.to(device).DetachFromDisposeScope();
            inputs = channels;
        }
    }

    /// <inheritdoc/>
    public string Name => "built-in random perceptual net (not LPIPS)";

    /// <inheritdoc/>
    public string Identity => "random-perceptual-1";

    /// <inheritdoc/>
    public Tensor Embed(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var x = images.to(_weights[0].device).DividedBy(127.5).Minus(1); // [N,3,H,W] in [-1,1]
        // Half the largest difference of a channel is 1, as a unit vector's is.
        var levels = new List<Tensor> { PerPixel(x.Times(0.5)) };
        foreach (var weight in _weights)
        {
            long padding = weight.shape[2] / 2;
            x = functional.conv2d(x, weight, strides: [2, 2], padding: [padding, padding]).leaky_relu(Number(Slope));
            levels.Add(PerPixel(x * x.Squared().sum([1L], keepdim: true).Plus(1e-10).rsqrt()));
        }
        return cat(levels, 1).Times(1 / Math.Sqrt(levels.Count)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var weight in _weights)
            weight.Dispose();
    }

    // So that squares add up to a mean over pixels, [N, C·H·W].
    private static Tensor PerPixel(Tensor maps) => maps.Times(1 / Math.Sqrt(maps.shape[2] * maps.shape[3])).flatten(1);
}
