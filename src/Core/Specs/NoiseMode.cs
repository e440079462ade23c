namespace Atelier.Core.Specs;

/// <summary>The noise inputs of the synthesis layers outside training, where they are always random.</summary>
public enum NoiseMode
{
    /// <summary>The network's own noise buffers: the same for every image.</summary>
    Const,

    /// <summary>Drawn anew for every image.</summary>
    Random,

    /// <summary>No noise.</summary>
    None,
}
