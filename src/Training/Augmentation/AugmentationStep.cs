namespace Atelier.Training.Augmentation;

/// <summary>What draws random numbers for an image's augmentation. The values are part of the trajectory: never renumber or reuse one.</summary>
internal enum AugmentationStep
{
    XFlip = 0,
    Rotate90 = 1,
    IntegerTranslation = 2,
    Scale = 3,
    RotateBefore = 4,
    AnisotropicScale = 5,
    RotateAfter = 6,
    FractionalTranslation = 7,
    Brightness = 8,
    Contrast = 9,
    LumaFlip = 10,
    Hue = 11,
    Saturation = 12,

    /// <summary>The first of four bands.</summary>
    Band = 13,
    Noise = 17,
    Cutout = 18,
}
