using Atelier.Core;
using Atelier.Training.Step;

namespace Atelier.Worker.Loop;

/// <summary>Sees the state after every iteration: ticks, pictures, snapshots. It may read the state, never change it.</summary>
public interface ILoopObserver
{
    /// <summary>Called on the loop's thread, between two iterations.</summary>
    void AfterIteration(LoopMoment moment);
}

/// <summary>A run between two iterations.</summary>
/// <param name="State">The state; valid during the call only.</param>
/// <param name="Statistics">What the phases reported since the last tick.</param>
/// <param name="Before">Images shown before the iteration that just ended.</param>
/// <param name="IsLast">Whether the run ends here.</param>
public sealed record LoopMoment(TrajectoryState State, StepStatistics Statistics, ImageCount Before, bool IsLast)
{
    /// <summary>Images shown so far.</summary>
    public ImageCount Now => new(State.ImageCount);

    /// <summary>Whether the iteration reached or crossed a multiple of an interval.</summary>
    public bool Crossed(ImageCount interval) => interval.Images > 0 && Before.Images / interval.Images != Now.Images / interval.Images;
}
