using Atelier.Core;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Evaluations;

/// <summary>Lets a worker that trains do its part of an evaluation between two ticks.</summary>
/// <param name="desk">The part in hand.</param>
/// <param name="interval">A tick.</param>
/// <param name="time">The clock.</param>
internal sealed class EvaluationTurns(EvaluationDesk desk, ImageCount interval, TimeProvider time) : ILoopObserver
{
    /// <summary>So much of the time since the last turn a turn may take.</summary>
    private const double Share = 0.2;

    private long _since = time.GetTimestamp();

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (!moment.Crossed(interval))
            return;
        desk.WorkFor(time.GetElapsedTime(_since) * Share);
        _since = time.GetTimestamp();
    }
}
