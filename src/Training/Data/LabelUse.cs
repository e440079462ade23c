namespace Atelier.Training.Data;

/// <summary>Whether a dataset's labels condition the networks.</summary>
public enum LabelUse
{
    /// <summary>Labels are used where the dataset has them.</summary>
    IfPresent,

    /// <summary>Labels are used; a dataset without them is an error.</summary>
    Require,

    /// <summary>Labels are not read.</summary>
    Ignore,
}
