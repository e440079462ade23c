using Atelier.Core;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>Stops a run whose gradients were non-finite in every phase of a tick; later snapshots would only hold more of it.</summary>
internal sealed class NonFiniteWatch(TickObserver tick, ImageCount interval, StopFlag stop) : ILoopObserver
{
    /// <summary>Whether it stopped the run.</summary>
    public bool Triggered { get; private set; }

    /// <summary>Image count up to which all was well, if it stopped the run.</summary>
    public ImageCount WellUntil { get; private set; }

    public void AfterIteration(LoopMoment moment)
    {
        if (!tick.LastTickWasNonFinite)
            return;
        Triggered = true;
        WellUntil = new ImageCount(Math.Max(0, moment.Now.Images - interval.Images - (moment.Now.Images - moment.Before.Images)));
        stop.Request();
    }
}
