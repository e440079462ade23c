namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Everything about a worker that decisions on a run rest on. Each report is complete by itself, so that reports may be
/// lost, repeated and overtaken: the one with the highest sequence counts.
/// </summary>
/// <param name="Worker">The worker.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Sequence">Rises with every report of the process.</param>
/// <param name="Generation">The generation that the stage belongs to.</param>
/// <param name="Stage">Where the worker stands.</param>
/// <param name="Held">The state that it holds; null for none.</param>
/// <param name="Waiting">What it waits for; null while it computes.</param>
/// <param name="Trouble">Why it cannot go on in this generation (a broken peer stream, a snapshot it cannot read); null otherwise.</param>
/// <param name="SecondsPerShard">Time of an iteration's work on one shard, smoothed by the worker; null until measured.</param>
public sealed record WorkerReport(
    WorkerId Worker,
    long Incarnation,
    long Sequence,
    GenerationId Generation,
    WorkerStage Stage,
    StateVersion? Held = null,
    WaitingFor? Waiting = null,
    string? Trouble = null,
    double? SecondsPerShard = null)
{
    internal bool IsOlderThan(WorkerReport other) =>
        Incarnation < other.Incarnation || (Incarnation == other.Incarnation && Sequence <= other.Sequence);
}
