using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Training.Networks;

/// <summary>
/// Layers of the largest resolutions compute with 16 bits (Karras et al. 2020, ADA, appendix E, for float16); their weights, and all
/// sums of gradients, stay float32.
/// </summary>
/// <param name="Type">float16 or bfloat16.</param>
/// <param name="Resolutions">How many, from the largest; never the start block.</param>
public sealed record HalfPrecision(TorchSharp.torch.ScalarType Type, int Resolutions)
{
    /// <summary>The precision of a level's features, null for that of the weights.</summary>
    /// <param name="level">Doublings of the start block.</param>
    /// <param name="top">Of the largest images.</param>
    internal TorchSharp.torch.ScalarType? Of(int level, int top) => level >= Math.Max(top + 1 - Resolutions, 1) ? Type : null;
}

/// <summary>The generator's shape.</summary>
/// <param name="Shape">Output size in pixels.</param>
/// <param name="LatentSize">Length of z.</param>
/// <param name="StyleSize">Length of w.</param>
/// <param name="LabelSize">Length of a label vector; 0 for none.</param>
/// <param name="ChannelBase">Channels are min(base / resolution, max).</param>
/// <param name="ChannelMax">See <paramref name="ChannelBase"/>.</param>
/// <param name="MappingLayers">Fully connected layers from z to w.</param>
/// <param name="Architecture">How blocks pass images along.</param>
/// <param name="ConvClamp">Bound on the output of every convolution, or null; of demodulated ones alone.</param>
/// <param name="Normalisation">What keeps the scale of features.</param>
/// <param name="FirstLevel">Doublings of the start block from which it grows; null for a network that does not.</param>
public sealed record GeneratorConfig(
    ImageShape Shape, int LatentSize, int StyleSize, int LabelSize, int ChannelBase, int ChannelMax, int MappingLayers,
    NetworkArchitecture Architecture = NetworkArchitecture.Skip, double? ConvClamp = null,
    Normalisation Normalisation = Normalisation.Demodulation, int? FirstLevel = null)
{
    /// <summary>Which layers compute with 16 bits; null for none.</summary>
    public HalfPrecision? Half { get; init; }

    /// <summary>Channels of a block whose longer side is <paramref name="resolution"/>.</summary>
    public int Channels(int resolution) => Math.Min(ChannelBase / resolution, ChannelMax);

    /// <summary>Whether a level's block makes an image.</summary>
    /// <param name="level">Doublings of the start block.</param>
    public bool HasImageLayer(int level) => level == Shape.Doublings || Architecture == NetworkArchitecture.Skip || level >= FirstLevel;

    /// <summary>Styles that the synthesis network takes: one a convolution, and one for the last image; without demodulation two a block.</summary>
    public int StyleCount => (2 * Shape.Doublings) + 2;
}

/// <summary>The discriminator's shape.</summary>
/// <param name="Shape">Input size in pixels.</param>
/// <param name="LabelSize">Length of a label vector; 0 for none.</param>
/// <param name="ChannelBase">Channels are min(base / resolution, max).</param>
/// <param name="ChannelMax">See <paramref name="ChannelBase"/>.</param>
/// <param name="Architecture">How blocks pass images along.</param>
/// <param name="ConvClamp">Bound on the output of every convolution, or null.</param>
/// <param name="MinibatchGroup">Images compared with each other by the minibatch deviation; null for all of a call.</param>
/// <param name="MinibatchChannels">Feature maps of minibatch deviation.</param>
/// <param name="FrozenLayers">Layers from the image side that are not trained (freeze-d).</param>
/// <param name="FirstLevel">Doublings of the start block from which it grows; null for a network that does not.</param>
public sealed record DiscriminatorConfig(
    ImageShape Shape, int LabelSize, int ChannelBase, int ChannelMax, NetworkArchitecture Architecture = NetworkArchitecture.Resnet,
    double? ConvClamp = null, int? MinibatchGroup = 4, int MinibatchChannels = 1, int FrozenLayers = 0, int? FirstLevel = null)
{
    /// <summary>Which layers compute with 16 bits; null for none.</summary>
    public HalfPrecision? Half { get; init; }

    /// <summary>Layers of the label mapping, as published.</summary>
    public const int LabelMappingLayers = 8;

    /// <summary>Whether a level's block reads the image.</summary>
    /// <param name="level">Doublings of the start block.</param>
    public bool HasImageLayer(int level) => level == Shape.Doublings || Architecture == NetworkArchitecture.Skip || level >= FirstLevel;

    /// <summary>Channels of a block whose longer side is <paramref name="resolution"/>.</summary>
    public int Channels(int resolution) => Math.Min(ChannelBase / resolution, ChannelMax);
}

/// <summary>
/// Height and width of the images, as a start block doubled <see cref="Doublings"/> times: k·2ⁿ on either side
/// (LSUN Car's 512×384 is 4×3 doubled seven times).
/// </summary>
public sealed record ImageShape
{
    /// <summary>Splits a size into its start block and its doublings.</summary>
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    /// <exception cref="UserErrorException">The sides have no common power of two that leaves a small start block.</exception>
    public ImageShape(int width, int height)
    {
        var resolution = new Resolution(height, width);
        if (!resolution.IsWorkable)
        {
            throw new UserErrorException(
                $"networks cannot draw images of {width}×{height}: both sides must be a small number times the same power of two, "
                + $"such as {resolution.NearestPowerOfTwo()} or 512×384");
        }
        (Width, Height, Doublings) = (width, height, resolution.Doublings);
    }

    private ImageShape(int width, int height, int doublings) => (Width, Height, Doublings) = (width, height, doublings);

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary>How often the start block is doubled.</summary>
    public int Doublings { get; }

    /// <summary>Width and height after <paramref name="doublings"/> doublings of the start block.</summary>
    public (int Width, int Height) Level(int doublings) => (Width >> (Doublings - doublings), Height >> (Doublings - doublings));

    /// <summary>What the same start block becomes after fewer doublings: a part of this network, that need not be a size to train at (4×3).</summary>
    /// <param name="doublings">At most <see cref="Doublings"/>.</param>
    public ImageShape After(int doublings)
    {
        var (width, height) = Level(doublings);
        return new(width, height, doublings);
    }

    /// <summary>The name of a level's block, as published: its longer side, e.g. 64 for <c>b64</c>.</summary>
    public int Resolution(int doublings)
    {
        var (width, height) = Level(doublings);
        return Math.Max(width, height);
    }
}
