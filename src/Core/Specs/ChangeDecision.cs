namespace Atelier.Core.Specs;

/// <summary>What happens to an existing run under a changed spec.</summary>
public abstract record ChangeDecision
{
    private ChangeDecision()
    {
    }

    /// <summary>The same trajectory goes on.</summary>
    /// <param name="Changes">Free changes, possibly none.</param>
    public sealed record Continue(IReadOnlyList<SpecChange> Changes) : ChangeDecision;

    /// <summary>A new branch begins at the snapshot it resumes from.</summary>
    /// <param name="Number">The new branch's number.</param>
    /// <param name="Changes">All changes, at least one of them branching.</param>
    public sealed record Branch(uint Number, IReadOnlyList<SpecChange> Changes) : ChangeDecision;

    /// <summary>The run cannot go on under this spec.</summary>
    /// <param name="Message">Why, with both values of every key in question.</param>
    public sealed record Refuse(string Message) : ChangeDecision;
}
