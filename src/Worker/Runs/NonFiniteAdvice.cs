using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Snapshots;

namespace Atelier.Worker.Runs;

/// <summary>What a person can do about a run whose gradients stayed non-finite.</summary>
/// <param name="LastGood">The newest snapshot from before the tick in which they began; null for none.</param>
/// <param name="Lines">What to do.</param>
public sealed record NonFiniteAdvice(string? LastGood, IReadOnlyList<string> Lines)
{
    /// <summary>The advice for a run that stopped at an image count.</summary>
    /// <param name="folder">The run's folder, for messages.</param>
    public static NonFiniteAdvice Of(SnapshotStore store, string folder, RunSpec spec, uint branch, ImageCount failed)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(spec);
        var facts = store.FactsAsync(null, CancellationToken.None).GetAwaiter().GetResult();
        var good = QualityPolicy.LastWell(facts.Keys, failed, spec, branch, isPeriodic: false);
        string changes = FormattableString.Invariant($"a lower lr (now {spec.Lr:G6}), a higher gamma (now {spec.Gamma:G6})") + (spec.ConvClamp is null ? ", or --set conv-clamp=256" : "");
        if (good is null)
        {
            return new NonFiniteAdvice(null,
            [
                "this run has no good snapshot: all were taken after its gradients became non-finite",
                $"start again with a new --out and {changes}",
            ]);
        }
        var later = facts.Keys.Where(snapshot => (snapshot.Branch, snapshot.At).CompareTo((good.Branch, good.At)) > 0).Select(snapshot => snapshot.Name).Order(StringComparer.Ordinal).ToList();
        var lines = new List<string> { $"the last good snapshot is {good.Name}" };
        if (later.Count > 0)
            lines.Add($"delete the later {(later.Count == 1 ? "one" : "ones")}, which may be affected: {string.Join(", ", later.Select(name => Path.Combine(folder, "snapshots", name)))}");
        lines.Add($"then run the same command with {changes} to continue from {good.Name} on a new branch; --set rollbacks=3 does this automatically");
        return new NonFiniteAdvice(good.Name, lines);
    }
}
