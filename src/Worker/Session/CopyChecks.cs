using System.Security.Cryptography;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Protos;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Loop;
using static TorchSharp.torch;

namespace Atelier.Worker.Session;

/// <summary>
/// What workers of a generation compare at every tick: the hash of the state, which all have to have, and one shard's
/// gradient, which two of them compute.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="plan">The generation.</param>
/// <param name="rank">This worker's rank.</param>
/// <param name="outbox">To the coordinator.</param>
internal sealed class CopyChecks(RunContext context, GenerationPlan plan, int rank, Outbox outbox) : ILoopObserver
{
    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        var state = moment.State;
        if (state.Iteration % context.Spec.TickIterations != 0)
            return;
        Send(state, StateSections.Hash(state), null);
        if (DoubleCheck.Of(state.Iteration / context.Spec.TickIterations, plan) is { } check && (check.Holder.Index == rank || check.Second.Index == rank) && !moment.IsLast)
            Send(state, DigestOf(state, check.Shard), check.Shard);
    }

    /// <summary>SHA-256 of what a shard adds in the first phase of the next iteration.</summary>
    private string DigestOf(TrajectoryState state, int shard)
    {
        using var scope = NewDisposeScope();
        var range = new ShardRange(shard, shard + 1);
        using var inputs = context.Inputs(range);
        var minibatch = inputs.At(state.Iteration, new Core.ImageCount(state.ImageCount), CancellationToken.None);
        var phase = PhaseSchedule.At(context.Spec.Phases, state.Iteration).First();
        var pieces = context.Lanes.Sum(phase, context.Spec.Shards, range, index => minibatch.Of(phase, index), state.PhaseStart, CancellationToken.None);
        using var sum = pieces[0].Value;
        string digest = Convert.ToHexStringLower(SHA256.HashData(sum.cpu().bytes));
        return digest;
    }

    private void Send(TrajectoryState state, string digest, int? shard)
    {
        var message = new StateDigest
        {
            Run = context.Run,
            Version = new Core.Fleet.StateVersion(plan.Start.Lineage, new(state.Iteration, 0)).ToMessage(),
            DigestSha256 = digest,
        };
        if (shard is { } index)
            message.Shard = index;
        outbox.Add(new WorkerMessage { StateDigest = message });
    }
}
