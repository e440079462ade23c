namespace Atelier.Core.Fleet.Generations;

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
