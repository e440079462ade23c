namespace Atelier.Core.Specs;

/// <summary>What happens to a dataset with an unreadable image; the image is named either way.</summary>
public enum BadImagePolicy
{
    /// <summary>The run does not start.</summary>
    Fail,

    /// <summary>The image is left out of the dataset.</summary>
    Skip,
}
