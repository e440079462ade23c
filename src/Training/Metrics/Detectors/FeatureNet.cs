using Atelier.Core.Randomness;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>From images to features. Thread-safe.</summary>
public interface IFeatureNet
{
    /// <summary>What decides its features: a name and a hash. Cached statistics are kept under it.</summary>
    string Identity { get; }

    /// <summary>The features of some images.</summary>
    /// <param name="images">uint8 [N, 3, H, W]</param>
    /// <returns>float32 [N, D], on the host.</returns>
    Tensor Features(Tensor images);
}

/// <summary>
/// Features from a fixed random convolutional net. Random features keep enough of an image for a distance between
/// distributions to fall as they come to look alike; no file is needed, and nobody else's numbers compare with them.
/// </summary>
/// <remarks>
/// Images are brought to 64×64; four convolutions of stride 2 with leaky ReLU, weights from keyed draws scaled to keep the
/// variance (He et al. 2015), lead to 32 maps of 4×4: 512 numbers that know where in the image they are. Any change makes
/// another metric and needs another <see cref="Identity"/>.
/// </remarks>
public sealed class RandomFeatureNet : IFeatureNet, IDisposable
{
    private const int Side = 64;
    private const double Slope = 0.2;

    private static readonly (int Channels, int Kernel)[] Layers = [(32, 5), (64, 3), (64, 3), (32, 3)];

    private readonly Device _device;
    private readonly Tensor[] _weights;

    /// <summary>Makes the net.</summary>
    /// <param name="device">Where it computes.</param>
    public RandomFeatureNet(Device device)
    {
        _device = device;
        _weights = new Tensor[Layers.Length];
        using var scope = NewDisposeScope();
        int inputs = 3;
        for (int layer = 0; layer < Layers.Length; layer++)
        {
            var (channels, kernel) = Layers[layer];
            var (key, high) = new DrawKey(Seed: 0, Branch: 0, DrawPurpose.FeatureWeights, Layer: layer).ToPhilox();
            var weight = empty([channels, inputs, kernel, kernel], ScalarType.Float32);
            PhiloxFill.Normal(weight, key, high);
            // √(2 / (1 + slope²)) is the gain that makes up for the leaky ReLU.
            weight.mul_(Number(Math.Sqrt(2 / (1 + (Slope * Slope)) / (inputs * kernel * kernel))));
            _weights[layer] = weight.to(device).DetachFromDisposeScope();
            inputs = channels;
        }
    }

    /// <inheritdoc/>
    public string Identity => "random-features-1";

    /// <inheritdoc/>
    public Tensor Features(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var x = Resize(images.to(_device).to(ScalarType.Float32).DividedBy(127.5).Minus(1)); // [N,3,64,64]
        foreach (var weight in _weights)
        {
            long padding = weight.shape[2] / 2;
            x = functional.conv2d(x, weight, strides: [2, 2], padding: [padding, padding]).leaky_relu(Number(Slope));
        }
        return x.flatten(1).cpu().MoveToOuterDisposeScope(); // [N,512]
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var weight in _weights)
            weight.Dispose();
    }

    // Larger images are averaged, so that no pixel is passed over; smaller ones interpolated.
    private static Tensor Resize(Tensor x) => (x.shape[2], x.shape[3]) switch
    {
        (Side, Side) => x,
        ( >= Side, >= Side) => functional.adaptive_avg_pool2d(x, [Side, Side]),
        _ => functional.interpolate(x, [Side, Side], mode: InterpolationMode.Bilinear, align_corners: false),
    };
}
