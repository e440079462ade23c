using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Training.Networks;

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
                $"images of {width}×{height} cannot be built by doubling: both sides must be a small number times the same power of two, "
                + $"such as {resolution.NearestPowerOfTwo()} or 512×384");
        }
        (Width, Height, Doublings) = (width, height, resolution.Doublings);
    }

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary>How often the start block is doubled.</summary>
    public int Doublings { get; }

    /// <summary>Width and height after <paramref name="doublings"/> doublings of the start block.</summary>
    public (int Width, int Height) Level(int doublings) => (Width >> (Doublings - doublings), Height >> (Doublings - doublings));

    /// <summary>The name of a level's block, as published: its longer side, e.g. 64 for <c>b64</c>.</summary>
    public int Resolution(int doublings)
    {
        var (width, height) = Level(doublings);
        return Math.Max(width, height);
    }
}
