namespace Atelier.Worker.Loop;

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
