namespace Atelier.Core.Specs;

/// <summary>What a changed value of a key does to an existing run.</summary>
public enum ChangeClass
{
    /// <summary>Nothing: the trajectory does not depend on it.</summary>
    Free,

    /// <summary>A new branch begins: recorded, and mixed into every random draw.</summary>
    Branching,

    /// <summary>The run cannot go on: its weights would not fit.</summary>
    Refused,
}
