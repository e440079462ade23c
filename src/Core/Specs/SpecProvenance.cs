namespace Atelier.Core.Specs;

/// <summary>Why a key has its value.</summary>
public enum SpecProvenance
{
    /// <summary>Nothing set it.</summary>
    Default,

    /// <summary>The recipe sets it.</summary>
    Recipe,

    /// <summary>Computed from the data and the number of devices, or from other keys.</summary>
    Computed,

    /// <summary>A fact of the dataset.</summary>
    Data,

    /// <summary>The existing run has it.</summary>
    Stored,

    /// <summary>The command line sets it.</summary>
    Override,
}
