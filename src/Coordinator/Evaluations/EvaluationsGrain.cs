using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Telemetry;
using Atelier.Core.Evaluations;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Evaluations;

/// <summary>Carries out <see cref="EvaluationPolicy"/>: observes, decides, stores, tells.</summary>
/// <param name="storage">The state.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="cluster">Whose orders its orders are.</param>
/// <param name="messenger">Tells workers which parts are theirs.</param>
/// <param name="metrics">Left what metrics are read from.</param>
/// <param name="time">The clock.</param>
public sealed class EvaluationsGrain(
    [PersistentState("evaluations")] IPersistentState<EvaluationsGrainState> storage, EvaluationSettings settings, ClusterIdentity cluster, WorkerMessenger messenger, CoordinatorMetrics metrics, TimeProvider time)
    : StoringGrain<EvaluationsGrainState>(storage), IEvaluationsGrain
{
    private readonly PulseLimit _pulse = new(time);

    private IFleetGrain Fleet => GrainFactory.GetGrain<IFleetGrain>(0);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken) => TakeOverAsync();

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Publish([]);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task RequestAsync(List<EvaluationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var news = requests.Where(request => State.Evaluations.TrueForAll(known => known.Id != request.Id))
            .Select(request => EvaluationState.New(request.Id, request.Samples, request.RealImages, time.GetUtcNow()) with { Trace = request.Trace ?? "" }).ToList();
        if (news.Count == 0) return;
        State.Evaluations.AddRange(news);
        await StoreAsync();
    }

    /// <inheritdoc/>
    public async Task<bool> ReportAsync(PartReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (!State.Evaluations.Exists(evaluation => evaluation.Id == report.Id)) return false;
        State.Evaluations = [.. EvaluationPolicy.Observe(State.Evaluations, report, time.GetUtcNow())];
        // Progress is told again; whatever frees a worker is decided on at once.
        if (report.News != PartNews.Progress) await DecideAsync(isNews: true);
        return true;
    }

    /// <inheritdoc/>
    public async Task<List<EvaluationResult>> PulseAsync()
    {
        if (State.Evaluations.Count == 0) return [];
        if (!_pulse.IsTooSoon) await DecideAsync(isNews: false);
        return [.. State.Evaluations.Where(evaluation => evaluation.Outcome is not null).Select(evaluation => new EvaluationResult(
            evaluation.Id, evaluation.Outcome!.ResultJson ?? "", evaluation.Outcome.Failure ?? ""))];
    }

    /// <inheritdoc/>
    public Task AcknowledgeAsync(EvaluationId id) => RemoveAsync(evaluation => evaluation.Id == id);

    /// <inheritdoc/>
    public Task DropAsync(List<EvaluationId> ids) => RemoveAsync(evaluation => ids.Contains(evaluation.Id));

    /// <inheritdoc/>
    public Task<List<EvaluationRow>> ListAsync(string run) => Task.FromResult<List<EvaluationRow>>(
        [.. State.Evaluations.Where(evaluation => evaluation.Id.Run == run).Select(evaluation => new EvaluationRow(evaluation.Id, evaluation.SamplesDone, evaluation.Samples))]);

    private async Task RemoveAsync(Predicate<EvaluationState> which)
    {
        if (State.Evaluations.RemoveAll(which) == 0) return;
        await StoreAsync();
        Publish();
    }

    private async Task DecideAsync(bool isNews)
    {
        _pulse.Beat();
        var view = await Fleet.LookForEvaluationsAsync();
        var workers = view.Workers.Select(row => new EvaluationWorker(row.Key.Worker, row.Key.Incarnation, row.Numerics, row.Run.Length > 0 ? row.Run : null)).ToList();
        var decision = EvaluationPolicy.Decide(State.Evaluations, workers, view.Numerics, settings, time.GetUtcNow());
        var isChanged = decision.Evaluations.Zip(State.Evaluations).Any(pair => !ReferenceEquals(pair.First, pair.Second));
        State.Evaluations = [.. decision.Evaluations];
        if (isNews || isChanged) await StoreAsync();
        foreach (var order in decision.Orders) await TellAsync(order);
        Publish();
    }

    private void Publish() => metrics.Publish([.. State.Evaluations.Where(evaluation => evaluation.Outcome is null).Select(evaluation => new EvaluationReading(
        evaluation.Id.Run, evaluation.Id.Metric, evaluation.Id.Snapshot, evaluation.SamplesDone, evaluation.Samples, evaluation.RequestedAt))]);

    private async Task TellAsync(GivePart order)
    {
        if (await Fleet.DetailsAsync(order.Id.Run) is not { } details) return;
        var asked = State.Evaluations.Find(evaluation => evaluation.Id == order.Id)!;
        await messenger.TellAsync(
            [order.Worker], $"Evaluate {order.Id} {order.Part}", new WireMessage(EvaluationMessages.ToMessage(order, details, Epoch, cluster, asked)));
    }
}

/// <summary>
/// The evaluations of all runs: who computes which part. One grain (key 0), so that a free worker is given one thing at a
/// time; it asks the fleet's grain and tells workers.
/// </summary>
[Alias("atelier.evaluations")]
public interface IEvaluationsGrain : IGrainWithIntegerKey
{
    /// <summary>Asks for metrics of a snapshot; what is on its way or known already stays as it is.</summary>
    [Alias("Request")]
    Task RequestAsync(List<EvaluationRequest> requests);

    /// <summary>A worker's word about a part.</summary>
    /// <returns>False where nobody waits for it any more.</returns>
    [Alias("Report")]
    Task<bool> ReportAsync(PartReport report);

    /// <summary>Decides what is to be done now.</summary>
    /// <returns>Evaluations that have ended and are not acknowledged.</returns>
    [Alias("Pulse")]
    Task<List<EvaluationResult>> PulseAsync();

    /// <summary>The run knows how an evaluation ended.</summary>
    [Alias("Acknowledge")]
    Task AcknowledgeAsync(EvaluationId id);

    /// <summary>A run needs these evaluations no more.</summary>
    [Alias("Drop")]
    Task DropAsync(List<EvaluationId> ids);

    /// <summary>A run's evaluations that have not been acknowledged, oldest first.</summary>
    [Alias("List")]
    Task<List<EvaluationRow>> ListAsync(string run);
}

/// <summary>What the evaluations' grain stores.</summary>
public sealed class EvaluationsGrainState : EpochState
{
    /// <summary>All that were asked for and are not acknowledged, oldest first.</summary>
    public List<EvaluationState> Evaluations { get; set; } = [];
}

/// <summary>A metric to be measured.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Samples">Generated samples.</param>
/// <param name="RealImages">Real images that are compared with; 0 for none.</param>
/// <param name="Trace">The span that it belongs to; empty for none.</param>
[GenerateSerializer, Immutable, Alias("atelier.evaluation-request")]
public sealed record EvaluationRequest([property: Id(0)] EvaluationId Id, [property: Id(1)] int Samples, [property: Id(2)] int RealImages, [property: Id(3)] string Trace);

/// <summary>An evaluation that has ended.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Line">The line of <c>metric-NAME.jsonl</c>; empty where there is no value.</param>
/// <param name="Failure">Why there is none; empty where there is one.</param>
[GenerateSerializer, Immutable, Alias("atelier.evaluation-result")]
public sealed record EvaluationResult([property: Id(0)] EvaluationId Id, [property: Id(1)] string Line, [property: Id(2)] string Failure);

/// <summary>How far an evaluation is.</summary>
/// <param name="Id">Which one.</param>
/// <param name="SamplesDone">Samples done.</param>
/// <param name="Samples">Samples in all.</param>
[GenerateSerializer, Immutable, Alias("atelier.evaluation-row")]
public sealed record EvaluationRow([property: Id(0)] EvaluationId Id, [property: Id(1)] int SamplesDone, [property: Id(2)] int Samples);
