using System.Security.Cryptography;
using System.Text;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Protos;
using Stage = Atelier.Core.Fleet.Generations.WorkerStage;

namespace Atelier.Coordinator.Runs;

/// <summary>Orders as messages, and messages as reports.</summary>
internal static class RunMessages
{
    private const int MeetingLetters = 32;

    /// <summary>Who gives a run's orders.</summary>
    public static string AuthorityOf(string run) => $"run/{run}";

    /// <summary>A worker's report.</summary>
    /// <param name="worker">Whose.</param>
    /// <param name="report">The report.</param>
    /// <param name="cluster">A state of another cluster's run counts for nothing here.</param>
    public static WorkerReport ToReport(WorkerKey worker, RunReport report, ClusterIdentity cluster) => new(
        new(worker.Worker), worker.Incarnation, report.Sequence, new(report.Generation), StageOf(report.Stage),
        report.Cluster.Length == 0 || report.Cluster == cluster.Id ? report.Held?.ToVersion() : null,
        report.Waiting is { } waiting ? new WaitingFor(new(waiting.Rank), new(waiting.Iteration, waiting.Phase)) : null,
        report.Trouble.Length > 0 ? report.Trouble : null,
        report.SecondsPerShard > 0 ? report.SecondsPerShard : null,
        report.TroubleKind switch
        {
            Protos.TroubleKind.Peer => TroubleCause.Peer,
            Protos.TroubleKind.Store => TroubleCause.Store,
            _ => TroubleCause.Own,
        },
        StepOf(report.Step) is { } step ? new PrepareProgress(step, report.StepProgress) : null);

    private static PreparationStep? StepOf(Protos.PrepareStep step) => step switch
    {
        Protos.PrepareStep.ReadingData => PreparationStep.ReadingData,
        Protos.PrepareStep.LoadingState => PreparationStep.LoadingState,
        Protos.PrepareStep.FetchingState => PreparationStep.FetchingState,
        Protos.PrepareStep.WarmingUp => PreparationStep.WarmingUp,
        Protos.PrepareStep.MeetingPeers => PreparationStep.MeetingPeers,
        _ => null,
    };

    /// <summary>A digest that is to be compared.</summary>
    public static CheckReport ToCheck(WorkerKey worker, StateDigest digest) => new(
        new(worker.Worker), (digest.Version ?? new()).ToVersion(), digest.HasShard ? digest.Shard : null, digest.DigestSha256);

    /// <summary>An order as a message.</summary>
    /// <param name="order">The order.</param>
    /// <param name="cluster">Whose order it is.</param>
    /// <param name="details">The run.</param>
    /// <param name="live">The workers, by name.</param>
    /// <param name="trace">The span that it belongs to; empty for none.</param>
    /// <param name="snapshot">Name of a position's snapshot.</param>
    public static CoordinatorMessage ToMessage(
        WorkerOrder order, ClusterIdentity cluster, RunDetails details, IReadOnlyDictionary<string, LiveRow> live, string trace, Func<Position, string> snapshot)
    {
        var message = new CoordinatorMessage { Epoch = order.Epoch.Number, Cluster = cluster.Id, Authority = AuthorityOf(order.Run.Value), Traceparent = trace };
        var (run, generation) = (order.Run.Value, order.Generation.Number);
        switch (order)
        {
            case HaltOrder:
                message.Halt = new() { Run = run, Generation = generation };
                break;
            case PrepareOrder prepare:
                message.Prepare = PrepareOf(prepare.Plan, details, live, snapshot);
                break;
            case WarmOrder:
                message.Warm = new()
                {
                    Run = run,
                    SpecJson = details.SpecJson,
                    DataPath = details.DataPath,
                    RunStore = details.Store,
                    InitPath = details.InitPath,
                    Branch = details.Branch,
                };
                break;
            case GoOrder:
                message.Go = new() { Run = run, Generation = generation };
                break;
            case SaveOrder save:
                message.Save = new()
                {
                    Run = run,
                    Generation = generation,
                    Version = save.Version.ToMessage(),
                    Attempt = new SnapshotNumber(order.Generation, save.Version.Position.Iteration, IsSave: true).Value,
                };
                break;
            case ReleaseOrder:
                message.Release = new() { Run = run, Generation = generation };
                break;
            default:
                throw new InvalidOperationException($"unknown order {order}");
        }

        return message;
    }

    /// <summary>What tells an order from others that a worker may be told.</summary>
    public static string NameOf(WorkerOrder order) => $"{order.GetType().Name} {order.Run} {order.Generation.Number} {order.Epoch.Number}";

    private static Prepare PrepareOf(GenerationPlan plan, RunDetails details, IReadOnlyDictionary<string, LiveRow> live, Func<Position, string> snapshot)
    {
        var prepare = new Prepare
        {
            Run = details.Run,
            Generation = plan.Id.Number,
            SpecJson = details.SpecJson,
            Branch = details.Branch,
            Start = plan.Start.ToMessage(),
            Origin = plan.Source.Origin switch
            {
                Core.Fleet.Generations.StateOrigin.Worker => Protos.StateOrigin.Worker,
                Core.Fleet.Generations.StateOrigin.Snapshot => Protos.StateOrigin.Snapshot,
                _ => Protos.StateOrigin.Seed,
            },
            SourceWorker = plan.Source.Worker?.Value ?? "",
            SourceAddress = plan.Source.Worker is { } source ? live.GetValueOrDefault(source.Value)?.PeerAddress ?? "" : "",
            LimitIteration = plan.Limit.Iteration,
            RunStore = details.Store,
            DataPath = details.DataPath,
            InitPath = details.InitPath,
            Snapshot = plan.Source.Origin == Core.Fleet.Generations.StateOrigin.Snapshot ? snapshot(plan.Start.Position) : "",
            Meeting = MeetingOf(details.Run, plan),
        };
        prepare.Members.AddRange(plan.Members.Select(member => new Protos.Member
        {
            Worker = member.Worker.Value,
            Incarnation = member.Incarnation,
            Rank = member.Rank.Index,
            ShardFirst = member.Shards.Start,
            ShardEnd = member.Shards.End,
            PeerAddress = live.GetValueOrDefault(member.Worker.Value)?.PeerAddress ?? "",
            Host = live.GetValueOrDefault(member.Worker.Value)?.Host ?? "",
        }));
        return prepare;
    }

    // A function of the plan: a coordinator that starts again names the same place.
    private static string MeetingOf(string run, GenerationPlan plan)
    {
        var text = $"{run}/{plan.Id.Number}/{string.Join('/', plan.Members.Select(member => $"{member.Worker}:{member.Incarnation}"))}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..MeetingLetters];
    }

    private static Stage StageOf(Protos.WorkerStage stage) => stage switch
    {
        Protos.WorkerStage.Halted => Stage.Halted,
        Protos.WorkerStage.Preparing => Stage.Preparing,
        Protos.WorkerStage.Ready => Stage.Ready,
        Protos.WorkerStage.Stepping => Stage.Stepping,
        // What this version does not know holds nothing that it could use.
        _ => Stage.Idle,
    };
}
