using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>Runs observers and adds up the time they take from training.</summary>
/// <param name="observers">Who to run, in order.</param>
/// <param name="time">The clock.</param>
public sealed class MaintenanceClock(IReadOnlyList<ILoopObserver> observers, TimeProvider time) : ILoopObserver
{
    /// <summary>Time taken so far.</summary>
    public TimeSpan Taken { get; private set; }

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        long start = time.GetTimestamp();
        foreach (var observer in observers)
            observer.AfterIteration(moment);
        Taken += time.GetElapsedTime(start);
    }
}
