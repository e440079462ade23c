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
