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
    /// <param name="checks">The digests.</param>
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
