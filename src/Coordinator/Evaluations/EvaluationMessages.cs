using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core.Evaluations;
using Atelier.Protos;
using Side = Atelier.Core.Evaluations.EvaluationSide;
using News = Atelier.Core.Evaluations.PartNews;

namespace Atelier.Coordinator.Evaluations;

/// <summary>Parts as messages, and messages as reports.</summary>
internal static class EvaluationMessages
{
    /// <summary>A worker's word; null for one that says nothing this version knows.</summary>
    public static Core.Evaluations.PartReport? ToReport(WorkerKey worker, Protos.PartReport report) =>
        SideOf(report.Side) is { } side && NewsOf(report.News) is { } news
            ? new(
                new(report.Run, report.Snapshot, report.Metric), new(side, report.FirstSample, side == Side.Result ? 0 : report.Samples),
                worker.Worker, worker.Incarnation, report.SamplesDone, news, report.Text)
            : null;

    /// <summary>The order to compute a part.</summary>
    public static CoordinatorMessage ToMessage(GivePart order, RunDetails details, long epoch, ClusterIdentity cluster, EvaluationState asked) => new()
    {
        Epoch = epoch,
        Cluster = cluster.Id,
        Authority = "evaluations",
        Traceparent = asked.Trace,
        Evaluate = new()
        {
            Run = order.Id.Run,
            Snapshot = order.Id.Snapshot,
            Metric = order.Id.Metric,
            Side = order.Part.Side switch
            {
                Side.Generated => Protos.EvaluationSide.Generated,
                Side.Real => Protos.EvaluationSide.Real,
                _ => Protos.EvaluationSide.Result,
            },
            FirstSample = order.Part.First,
            Samples = order.Part.Count,
            RunStore = details.Store,
            DataPath = details.DataPath,
            SpecJson = details.SpecJson,
            RequestedUnixMs = asked.RequestedAt.ToUnixTimeMilliseconds(),
        },
    };

    private static Side? SideOf(Protos.EvaluationSide side) => side switch
    {
        Protos.EvaluationSide.Generated => Side.Generated,
        Protos.EvaluationSide.Real => Side.Real,
        Protos.EvaluationSide.Result => Side.Result,
        _ => null,
    };

    private static News? NewsOf(Protos.PartNews news) => news switch
    {
        Protos.PartNews.Progress => News.Progress,
        Protos.PartNews.Done => News.Done,
        Protos.PartNews.SideKnown => News.SideKnown,
        Protos.PartNews.Declined => News.Declined,
        Protos.PartNews.Failed => News.Failed,
        _ => null,
    };
}
