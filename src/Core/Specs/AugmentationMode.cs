namespace Atelier.Core.Specs;

/// <summary>Whether images are augmented in front of the discriminator, and how their probability p is decided.</summary>
public enum AugmentationMode
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>p follows how far the discriminator overfits (Karras et al. 2020, ADA).</summary>
    Ada,

    /// <summary>p is given.</summary>
    Fixed,
}
