namespace Atelier.Cli.Commands;

/// <summary>What every rank of <c>bench allreduce</c> does.</summary>
/// <param name="Ranks">How many take part.</param>
/// <param name="Megabytes">Size of the buffer, in 10⁶ bytes.</param>
/// <param name="Repetitions">Timed sums.</param>
/// <param name="OverGrpc">Whether processes sum over TCP and not through shared memory.</param>
internal sealed record AllReduceJob(int Ranks, int Megabytes, int Repetitions, bool OverGrpc);
