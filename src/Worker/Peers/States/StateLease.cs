using Atelier.Training.Step;

namespace Atelier.Worker.Peers.States;

/// <summary>A state that stands still: whoever gave the lease applies no phase to it until the lease is disposed.</summary>
/// <param name="state">The state.</param>
/// <param name="end">Called once, when it may change again; null if it would stand still anyway, as that of a halted worker.</param>
/// <param name="withdrawn">Ends when whoever gave the lease waits for its end.</param>
public sealed class StateLease(TrajectoryState state, Action? end = null, CancellationToken withdrawn = default) : IDisposable
{
    private Action? _end = end;

    /// <summary>The state.</summary>
    public TrajectoryState State { get; } = state;

    /// <summary>Ends when whoever gave the lease waits for its end: the transfer is then broken off.</summary>
    public CancellationToken Withdrawn { get; } = withdrawn;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
