namespace Atelier.Core.Specs;

/// <summary>A key whose value differs between an existing run and what is asked for now.</summary>
/// <param name="Old">The run's value, in text form.</param>
/// <param name="New">The value asked for, in text form.</param>
public sealed record SpecChange(SpecKey Key, string Old, string New)
{
    /// <summary>The keys that differ, in the order of the table.</summary>
    public static IReadOnlyList<SpecChange> Between(RunSpec old, RunSpec changed) =>
        [.. SpecKeys.All
            .Select(key => new SpecChange(key, key.Format(old), key.Format(changed)))
            .Where(change => change.Old != change.New)];

    /// <summary>The keys that a run has otherwise than its recipe gives them for the same data; those of no shipped recipe, than the defaults.</summary>
    public static IReadOnlyList<SpecChange> FromRecipe(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var recipe = Recipes.Names.Contains(spec.Recipe)
            ? SpecResolver.Resolve(Recipes.Named(spec.Recipe), [SpecAssignment.For("resolution", spec.Resolution.ToString())], null, spec.Gpus).Spec
            : new RunSpec();
        return [.. Between(recipe, spec).Where(change => change.Key.SetBy.Length == 0 && change.Key.Name is not ("resolution" or "gpus"))];
    }

    /// <summary>What the changes do to a run (design: every key is free, branching or refused).</summary>
    /// <param name="acceptsNewData">Whether another dataset begins a branch; it is refused otherwise, because it is a mistake as a rule.</param>
    public static ChangeDecision Decide(IReadOnlyList<SpecChange> changes, uint branch, bool acceptsNewData = false)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (!acceptsNewData && changes.FirstOrDefault(change => change.Key.Name == "data-digest" && change is { Old.Length: > 0, New.Length: > 0 }) is not null)
        {
            var count = changes.FirstOrDefault(change => change.Key.Name == "data-images");
            return new ChangeDecision.Refuse(
                $"this run uses a different dataset{(count is null ? "" : $" (of {count.Old} images; this one has {count.New})")}; choose a new --out, or pass --accept-new-data to continue on this dataset as a branch");
        }
        var refused = changes.Where(change => change.Key.Change == ChangeClass.Refused).ToList();
        if (refused.Count > 0)
        {
            return new ChangeDecision.Refuse(
                $"the run in this folder cannot continue with {string.Join("; ", refused)}. Choose another output folder, or leave {(refused.Count == 1 ? "it" : "them")} as {(refused.Count == 1 ? "it is" : "they are")}.");
        }

        return changes.Any(change => change.Key.Change == ChangeClass.Branching)
            ? new ChangeDecision.Branch(checked(branch + 1), changes)
            : new ChangeDecision.Continue(changes);
    }

    /// <summary>The key and both values.</summary>
    public override string ToString() => $"{Key.Name} {New} (the run has {Old})";
}

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
    /// <param name="Changes">All changes, at least one of them branching.</param>
    public sealed record Branch(uint Number, IReadOnlyList<SpecChange> Changes) : ChangeDecision;

    /// <summary>The run cannot go on under this spec.</summary>
    /// <param name="Message">Why, with both values of every key in question.</param>
    public sealed record Refuse(string Message) : ChangeDecision;
}

/// <summary>What a changed value of a key does to an existing run.</summary>
public enum ChangeClass
{
    /// <summary>Nothing: the trajectory does not depend on it.</summary>
    Free,

    /// <summary>A new branch begins; its number is recorded and mixed into every random draw.</summary>
    Branching,

    /// <summary>The run cannot go on: its weights would not fit.</summary>
    Refused,
}
