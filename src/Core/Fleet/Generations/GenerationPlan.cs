namespace Atelier.Core.Fleet.Generations;

/// <summary>Everything that a generation is. It never changes; a change is another generation.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Members">Its workers, in rank order; their ranges follow each other and cover all shards.</param>
/// <param name="Start">The state that all members begin with.</param>
/// <param name="Source">Where those get it that do not hold it.</param>
/// <param name="Limit">Where the workers stop by themselves: the run's end, or the end of the iteration that is to be finished.</param>
/// <param name="IsLast">Whether it only finishes the iteration under way, so that the state can be saved.</param>
public sealed record GenerationPlan(
    GenerationId Id, IReadOnlyList<GenerationMember> Members, StateVersion Start, StateSource Source, Position Limit, bool IsLast = false)
{
    /// <summary>The member of a worker, or null.</summary>
    /// <param name="worker">The worker.</param>
    public GenerationMember? Find(WorkerId worker) => ByWorker<GenerationMember>.Find(Members, worker, member => member.Worker);
}
