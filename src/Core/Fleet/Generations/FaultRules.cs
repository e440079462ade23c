namespace Atelier.Core.Fleet.Generations;

/// <summary>What the comparison of digests says.</summary>
/// <param name="Minority">Workers whose digest is not the majority's.</param>
/// <param name="Disputed">Where digests differ and none has a majority; null where there is no such place.</param>
/// <param name="Agreed">The furthest position at which all had the same state; null for none.</param>
/// <param name="Text">What differs, with who has what; empty where all agree.</param>
/// <param name="Rest">Digests that have to wait for others.</param>
internal sealed record CheckVerdict(
    IReadOnlyList<WorkerId> Minority, StateVersion? Disputed, Position? Agreed, string Text, IReadOnlyList<CheckReport> Rest);

/// <summary>Compares digests that have to be equal: the minority is wrong; without a majority nobody can say who is.</summary>
internal static class CheckRule
{
    /// <summary>Judges the digests, from the earliest state on, up to the first that differ.</summary>
    /// <param name="expected">Workers that are to report a digest of the state; null to judge what there is.</param>
    public static CheckVerdict Judge(IReadOnlyList<CheckReport> checks, IReadOnlyList<WorkerId>? expected)
    {
        var rest = new List<CheckReport>();
        Position? agreed = null;
        foreach (var group in checks.GroupBy(check => (check.Version, check.Shard)).OrderBy(group => group.Key.Version).ThenBy(group => group.Key.Shard))
        {
            var complete = expected is null
                || (group.Key.Shard is null ? expected.All(worker => group.Any(check => check.Worker == worker)) : group.Count() > 1);
            var byDigest = group.GroupBy(check => check.Digest).OrderByDescending(same => same.Count()).ToList();
            if (!complete)
            {
                rest.AddRange(group);
            }
            else if (byDigest.Count > 1)
            {
                var what = group.Key.Shard is { } shard ? $"the gradient of shard {shard} at {group.Key.Version}" : $"the state at {group.Key.Version}";
                var text = $"{what} differs: {string.Join("; ", byDigest.Select(same => $"{string.Join(", ", same.Select(check => check.Worker))} have {same.Key}"))}";
                return byDigest[0].Count() * 2 > group.Count()
                    ? new([.. byDigest.Skip(1).SelectMany(same => same.Select(check => check.Worker))], null, agreed, text, checks)
                    : new([], group.Key.Version, agreed, text, checks);
            }
            else if (group.Key.Shard is null && expected is not null)
            {
                agreed = group.Key.Version.Position;
            }
        }

        return new([], null, agreed, "", rest);
    }
}

/// <summary>Who is to blame when nobody gets on: the worker that everybody waits for.</summary>
internal static class StallRule
{
    /// <summary>
    /// The end of most chains of waiting; null where nobody waits, where two are waited for alike, or where those who wait
    /// wait for each other (a broken path between them, which the next generation's streams replace).
    /// </summary>
    public static GenerationMember? Culprit(GenerationPlan plan, GenerationState state)
    {
        var ends = plan.Members
            .Select(member => EndOf(member, plan, state))
            .OfType<GenerationMember>()
            .CountBy(member => member)
            .OrderByDescending(end => end.Value)
            .ToList();
        return ends.Count == 0 || (ends.Count > 1 && ends[0].Value == ends[1].Value) ? null : ends[0].Key;
    }

    private static GenerationMember? EndOf(GenerationMember first, GenerationPlan plan, GenerationState state)
    {
        var current = first;
        for (var steps = 0; steps <= plan.Members.Count; steps++)
        {
            if (AwaitedBy(current, plan, state) is not { } awaited) return current == first ? null : current;
            current = awaited;
        }

        return null;
    }

    private static GenerationMember? AwaitedBy(GenerationMember member, GenerationPlan plan, GenerationState state) =>
        state.ReportOf(member.Worker) is { Waiting: { } waiting } report && report.Generation == plan.Id
            ? plan.Members.FirstOrDefault(other => other.Rank == waiting.Rank)
            : null;
}
