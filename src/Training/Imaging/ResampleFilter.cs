namespace Atelier.Training.Imaging;

/// <summary>How pixels are weighted when a picture is resized.</summary>
public enum ResampleFilter
{
    /// <summary>Lanczos with three lobes: sharp; may overshoot at edges, and is clamped.</summary>
    Lanczos,

    /// <summary>The mean over the area of an output pixel.</summary>
    Box,
}
