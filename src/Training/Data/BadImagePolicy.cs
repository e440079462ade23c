namespace Atelier.Training.Data;

/// <summary>What to do about an image that cannot be decoded.</summary>
public enum BadImagePolicy
{
    /// <summary>Stop, naming the first one.</summary>
    Fail,

    /// <summary>Leave them out and record them.</summary>
    Skip,
}
