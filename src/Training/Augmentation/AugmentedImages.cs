namespace Atelier.Training.Augmentation;

/// <summary>Which images of a shard are augmented. The values are part of the trajectory: layers of a draw.</summary>
public enum AugmentedImages
{
    /// <summary>The generator's.</summary>
    Generated = 0,

    /// <summary>The dataset's.</summary>
    Real = 3,
}
