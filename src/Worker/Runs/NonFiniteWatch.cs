using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>Stops a run whose gradients were non-finite in every phase of a tick; later snapshots would only hold more of it.</summary>
internal sealed class NonFiniteWatch(TickObserver tick, StopFlag stop) : ILoopObserver
{
    /// <summary>Why it stops a run.</summary>
    public const string Reason = "gradients were non-finite in every phase of a whole tick";

    /// <summary>Whether it stopped the run.</summary>
    public bool Triggered { get; private set; }

    public void AfterIteration(LoopMoment moment)
    {
        if (!tick.LastTickWasNonFinite)
            return;
        Triggered = true;
        stop.Request();
    }
}
