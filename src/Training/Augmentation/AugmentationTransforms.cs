using Atelier.Core.Specs;

namespace Atelier.Training.Augmentation;

/// <summary>The augmentations of Karras et al. 2020 (ADA, appendix B), in the order in which they are made.</summary>
[Flags]
public enum AugmentationTransforms
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Mirroring.</summary>
    XFlip = 1 << 0,

    /// <summary>Quarter turns.</summary>
    Rotate90 = 1 << 1,

    /// <summary>Translation by whole pixels.</summary>
    IntegerTranslation = 1 << 2,

    /// <summary>Scaling of both axes.</summary>
    Scale = 1 << 3,

    /// <summary>Rotation, before and after the anisotropic scaling.</summary>
    Rotate = 1 << 4,

    /// <summary>Scaling of one axis against the other.</summary>
    AnisotropicScale = 1 << 5,

    /// <summary>Translation by any amount.</summary>
    FractionalTranslation = 1 << 6,

    /// <summary>Brightness.</summary>
    Brightness = 1 << 7,

    /// <summary>Contrast.</summary>
    Contrast = 1 << 8,

    /// <summary>Brightness inverted, hue kept.</summary>
    LumaFlip = 1 << 9,

    /// <summary>Rotation of the hue.</summary>
    Hue = 1 << 10,

    /// <summary>Saturation.</summary>
    Saturation = 1 << 11,

    /// <summary>Four frequency bands amplified.</summary>
    Filter = 1 << 12,

    /// <summary>Additive noise.</summary>
    Noise = 1 << 13,

    /// <summary>A square left empty.</summary>
    Cutout = 1 << 14,
}

/// <summary>What the spec's names mean.</summary>
public static class AugmentationPipes
{
    private const AugmentationTransforms Blit = AugmentationTransforms.XFlip | AugmentationTransforms.Rotate90 | AugmentationTransforms.IntegerTranslation;
    private const AugmentationTransforms Geom =
        AugmentationTransforms.Scale | AugmentationTransforms.Rotate | AugmentationTransforms.AnisotropicScale | AugmentationTransforms.FractionalTranslation;
    private const AugmentationTransforms Color =
        AugmentationTransforms.Brightness | AugmentationTransforms.Contrast | AugmentationTransforms.LumaFlip | AugmentationTransforms.Hue | AugmentationTransforms.Saturation;

    /// <summary>The augmentations of a pipe.</summary>
    public static AugmentationTransforms Transforms(this AugmentationPipe pipe) => pipe switch
    {
        AugmentationPipe.Blit => Blit,
        AugmentationPipe.Geom => Geom,
        AugmentationPipe.Color => Color,
        AugmentationPipe.Filter => AugmentationTransforms.Filter,
        AugmentationPipe.Noise => AugmentationTransforms.Noise,
        AugmentationPipe.Cutout => AugmentationTransforms.Cutout,
        AugmentationPipe.Bg => Blit | Geom,
        AugmentationPipe.Bgc => Blit | Geom | Color,
        AugmentationPipe.Bgcf => Blit | Geom | Color | AugmentationTransforms.Filter,
        AugmentationPipe.Bgcfn => Blit | Geom | Color | AugmentationTransforms.Filter | AugmentationTransforms.Noise,
        AugmentationPipe.Bgcfnc => Blit | Geom | Color | AugmentationTransforms.Filter | AugmentationTransforms.Noise | AugmentationTransforms.Cutout,
        _ => throw new InvalidOperationException($"unknown pipe {pipe}"),
    };
}
