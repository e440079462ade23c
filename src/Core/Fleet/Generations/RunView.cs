using Atelier.Core.Fleet.Queue;

namespace Atelier.Core.Fleet.Generations;

/// <summary>What a decision on a run looks at, besides the run's own state.</summary>
/// <param name="Term">The coordinator's term, which every order carries.</param>
/// <param name="Intent">What people want of the run.</param>
/// <param name="Live">All admitted or draining workers with a lease, whichever run has them, in the order in which the run is to rank new ones.</param>
public sealed record RunView(Term Term, RunIntent Intent, IReadOnlyList<LiveWorker> Live)
{
    internal LiveWorker? Find(WorkerId worker) => ByWorker<LiveWorker>.Find(Live, worker, live => live.Worker);
}
