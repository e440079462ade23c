namespace Atelier.Core.Specs;

/// <summary>What happens to images of another size than the run's resolution.</summary>
public enum ResizeMode
{
    /// <summary>They are an error.</summary>
    None,

    /// <summary>They are cropped about their centre to the run's aspect and resized.</summary>
    Fit,
}
