namespace Atelier.Worker.Loop;

/// <summary>
/// Whether a run should end before its last image. Asked once an iteration by every holder; all holders of one
/// iteration get the same answer, so that they end at the same one.
/// </summary>
public interface IStopSignal
{
    /// <summary>Whether to leave before iteration <paramref name="iteration"/>.</summary>
    bool ShouldStop(long iteration);
}

/// <summary>The signal of a process that holds all shards: a flag.</summary>
public sealed class StopFlag : IStopSignal
{
    private volatile bool _requested;

    /// <summary>Asks the loop to finish its iteration and leave.</summary>
    public void Request() => _requested = true;

    /// <inheritdoc/>
    public bool ShouldStop(long iteration) => _requested;
}

/// <summary>Either of two signals.</summary>
/// <param name="first">One.</param>
/// <param name="second">The other.</param>
public sealed class EitherStop(IStopSignal first, IStopSignal second) : IStopSignal
{
    /// <inheritdoc/>
    public bool ShouldStop(long iteration) => first.ShouldStop(iteration) || second.ShouldStop(iteration);
}

/// <summary>One stop decision an iteration for several holders in a process: whoever asks first decides for all.</summary>
/// <param name="source">The signal behind it.</param>
public sealed class SharedStop(IStopSignal source) : IStopSignal
{
    private readonly Lock _gate = new();
    private long _decidedFor = -1;
    private bool _decision;

    /// <inheritdoc/>
    public bool ShouldStop(long iteration)
    {
        lock (_gate)
        {
            // Holders are at most one iteration apart, because each phase's reduction waits for all of them.
            if (iteration > _decidedFor)
                (_decidedFor, _decision) = (iteration, source.ShouldStop(iteration));
            return _decision;
        }
    }
}
