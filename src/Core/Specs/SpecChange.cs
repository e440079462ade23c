namespace Atelier.Core.Specs;

/// <summary>A key whose value differs between an existing run and what is asked for now.</summary>
/// <param name="Key">The key.</param>
/// <param name="Old">The run's value, in text form.</param>
/// <param name="New">The value asked for, in text form.</param>
public sealed record SpecChange(SpecKey Key, string Old, string New)
{
    /// <summary>The keys that differ, in the order of the table.</summary>
    /// <param name="old">The run's spec.</param>
    /// <param name="changed">The spec asked for.</param>
    public static IReadOnlyList<SpecChange> Between(RunSpec old, RunSpec changed) =>
        [.. SpecKeys.All
            .Select(key => new SpecChange(key, key.Format(old), key.Format(changed)))
            .Where(change => change.Old != change.New)];

    /// <summary>What the changes do to a run (design: every key is free, branching or refused).</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="branch">The run's branch.</param>
    public static ChangeDecision Decide(IReadOnlyList<SpecChange> changes, uint branch)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var refused = changes.Where(change => change.Key.Change == ChangeClass.Refused).ToList();
        if (refused.Count > 0)
        {
            return new ChangeDecision.Refuse(
                $"The run in this folder cannot be continued with {string.Join("; ", refused)}. Use another output folder, or leave {(refused.Count == 1 ? "it" : "them")} as {(refused.Count == 1 ? "it is" : "they are")}.");
        }

        return changes.Any(change => change.Key.Change == ChangeClass.Branching)
            ? new ChangeDecision.Branch(checked(branch + 1), changes)
            : new ChangeDecision.Continue(changes);
    }

    /// <summary>The key and both values.</summary>
    public override string ToString() => $"{Key.Name} {New} (the run has {Old})";
}
