using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core.Evaluations;
using Atelier.Protos;

namespace Atelier.Coordinator.Evaluations;

/// <summary>Parts as messages, and messages as reports.</summary>
internal static class EvaluationMessages
{
    /// <summary>A worker's word, as the grain takes it.</summary>
    public static PartNote ToNote(WorkerKey worker, Protos.PartReport report) => new(
        new(report.Run, report.Snapshot, report.Metric), report.Side.ToString(), report.FirstSample, report.Side == Protos.EvaluationSide.Result ? 0 : report.Samples,
        worker.Worker, worker.Incarnation, report.SamplesDone, report.News.ToString(), report.Text);

    /// <summary>A worker's word; null for one that says nothing this version knows.</summary>
    public static Core.Evaluations.PartReport? ToReport(PartNote note) =>
        Enum.TryParse<Core.Evaluations.EvaluationSide>(note.Side, out var side) && Enum.TryParse<Core.Evaluations.PartNews>(note.News, out var news)
            ? new(ToId(note.Key), new(side, note.First, note.Count), note.Worker, note.Incarnation, note.Samples, news, note.Text)
            : null;

    /// <summary>An evaluation's name, as the policy has it.</summary>
    public static EvaluationId ToId(EvaluationKey key) => new(key.Run, key.Snapshot, key.Metric);

    /// <summary>An evaluation's name, as messages have it.</summary>
    public static EvaluationKey ToKey(EvaluationId id) => new(id.Run, id.Snapshot, id.Metric);

    /// <summary>The order to compute a part.</summary>
    public static CoordinatorMessage ToMessage(GivePart order, RunDetails details, long epoch, ClusterIdentity cluster, DateTimeOffset requestedAt) => new()
    {
        Epoch = epoch,
        Cluster = cluster.Id,
        Authority = "evaluations",
        Evaluate = new()
        {
            Run = order.Id.Run,
            Snapshot = order.Id.Snapshot,
            Metric = order.Id.Metric,
            Side = Enum.Parse<Protos.EvaluationSide>(order.Part.Side.ToString()),
            FirstSample = order.Part.First,
            Samples = order.Part.Count,
            RunStore = details.Store,
            DataPath = details.DataPath,
            SpecJson = details.SpecJson,
            RequestedUnixMs = requestedAt.ToUnixTimeMilliseconds(),
        },
    };
}
