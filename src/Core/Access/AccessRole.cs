namespace Atelier.Core.Access;

/// <summary>Who calls: each has a token of its own, so that a worker's machine cannot submit or cancel runs.</summary>
public enum AccessRole
{
    /// <summary>A person, or a script of theirs.</summary>
    Person,

    /// <summary>A worker.</summary>
    Worker,
}
