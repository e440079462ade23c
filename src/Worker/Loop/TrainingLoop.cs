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
