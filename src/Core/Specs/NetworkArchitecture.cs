namespace Atelier.Core.Specs;

/// <summary>How a network's blocks are connected (Karras et al. 2020, figure 7).</summary>
public enum NetworkArchitecture
{
    /// <summary>Every block adds to, or reads from, a pyramid of images.</summary>
    Skip,

    /// <summary>Every block has a residual branch.</summary>
    Resnet,

    /// <summary>A plain chain of blocks.</summary>
    Orig,
}
