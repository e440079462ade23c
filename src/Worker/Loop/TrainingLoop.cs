using Atelier.Core;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Worker.Loop;

/// <summary>
/// Iterations until the run ends. The same loop runs in the local trainer and in a worker process; where its shards'
/// sums come from and who listens is decided by what it is built from.
/// </summary>
/// <param name="step">One iteration.</param>
/// <param name="inputs">Where real images and draws come from.</param>
/// <param name="stop">Whether to leave early.</param>
/// <param name="observers">Who sees the state between iterations; empty on all holders but one.</param>
public sealed class TrainingLoop(TrainStep step, StepInputs inputs, IStopSignal stop, IReadOnlyList<ILoopObserver> observers)
{
    /// <summary>Runs until <paramref name="total"/> images were shown, a stop, or a failure.</summary>
    /// <param name="state">Advanced in place.</param>
    /// <param name="total">Images to show in all.</param>
    /// <param name="statistics">Collects what the phases report; an observer resets it at ticks.</param>
    /// <param name="abort">Ends at once, between two phases or shards; the state is then not at the end of an iteration.</param>
    public LoopEnd Run(TrajectoryState state, ImageCount total, StepStatistics statistics, CancellationToken abort)
    {
        while (state.ImageCount < total.Images)
        {
            if (stop.ShouldStop(state.Iteration))
                return LoopEnd.Stopped;
            using var scope = NewDisposeScope();
            var before = new ImageCount(state.ImageCount);
            var minibatch = inputs.At(state.Iteration, before, abort);
            step.Run(state, minibatch.Of, statistics, abort);
            var moment = new LoopMoment(state, statistics, before, state.ImageCount >= total.Images);
            foreach (var observer in observers)
                observer.AfterIteration(moment);
        }
        return LoopEnd.Finished;
    }
}

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

/// <summary>Why a loop ended.</summary>
public enum LoopEnd
{
    /// <summary>All images were shown.</summary>
    Finished,

    /// <summary>It was asked to stop, and stopped after a whole iteration.</summary>
    Stopped,

    /// <summary>Gradients stayed non-finite for a whole tick.</summary>
    NonFinite,
}
