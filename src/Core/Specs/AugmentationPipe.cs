namespace Atelier.Core.Specs;

/// <summary>Which augmentations are made, by the published trainers' names (Karras et al. 2020, ADA, figure 4 and appendix B).</summary>
public enum AugmentationPipe
{
    /// <summary>Pixel blitting: x-flips, quarter turns, translations by whole pixels.</summary>
    Blit,

    /// <summary>General geometry: scaling, rotation, anisotropic scaling, translation.</summary>
    Geom,

    /// <summary>Brightness, contrast, luma flip, hue, saturation.</summary>
    Color,

    /// <summary>Frequency bands amplified or damped.</summary>
    Filter,

    /// <summary>Additive noise.</summary>
    Noise,

    /// <summary>A square left empty.</summary>
    Cutout,

    /// <summary>Blit and geom.</summary>
    Bg,

    /// <summary>Blit, geom and color.</summary>
    Bgc,

    /// <summary>Blit, geom, color and filter.</summary>
    Bgcf,

    /// <summary>Blit, geom, color, filter and noise.</summary>
    Bgcfn,

    /// <summary>All of them.</summary>
    Bgcfnc,
}
