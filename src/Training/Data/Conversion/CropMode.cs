namespace Atelier.Training.Data.Conversion;

/// <summary>What part of an image is kept, by the published tool's names.</summary>
public enum CropMode
{
    /// <summary>All of it, stretched to the resolution.</summary>
    None,

    /// <summary>The largest box of the resolution's aspect in its middle.</summary>
    CenterCrop,

    /// <summary>
    /// Rows in its middle, resized to the resolution and put on a black square of the resolution's width: LSUN Car at
    /// 512x384. Images narrower or flatter than that are left out.
    /// </summary>
    CenterCropWide,
}
