using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Storage;
using Atelier.Core.Evaluations;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Evaluations;

/// <summary>Carries out <see cref="EvaluationPolicy"/>: observes, decides, stores, tells.</summary>
/// <param name="storage">The state.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="cluster">Whose orders its orders are.</param>
/// <param name="time">The clock.</param>
public sealed class EvaluationsGrain(
    [PersistentState("evaluations")] IPersistentState<EvaluationsGrainState> storage, EvaluationSettings settings, ClusterIdentity cluster, TimeProvider time)
    : StoringGrain<EvaluationsGrainState>(storage), IEvaluationsGrain
{
    private IFleetGrain Fleet => GrainFactory.GetGrain<IFleetGrain>(0);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken) => TakeOverAsync();

    /// <inheritdoc/>
    public async Task RequestAsync(List<EvaluationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var news = requests.Where(request => State.Evaluations.TrueForAll(known => known.Id != EvaluationMessages.ToId(request.Key)))
            .Select(request => EvaluationState.New(EvaluationMessages.ToId(request.Key), request.Samples, request.RealImages, time.GetUtcNow())).ToList();
        if (news.Count == 0) return;
        State.Evaluations.AddRange(news);
        await StoreAsync();
    }

    /// <inheritdoc/>
    public async Task<bool> ReportAsync(PartNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (EvaluationMessages.ToReport(note) is not { } report || !State.Evaluations.Exists(evaluation => evaluation.Id == report.Id)) return false;
        State.Evaluations = [.. EvaluationPolicy.Observe(State.Evaluations, report, time.GetUtcNow())];
        // Progress is told again; whatever frees a worker is decided on at once.
        if (report.News != PartNews.Progress) await DecideAsync(isNews: true);
        return true;
    }

    /// <inheritdoc/>
    public async Task<List<EvaluationResult>> PulseAsync()
    {
        if (State.Evaluations.Count == 0) return [];
        await DecideAsync(isNews: false);
        return [.. State.Evaluations.Where(evaluation => evaluation.Outcome is not null).Select(evaluation => new EvaluationResult(
            EvaluationMessages.ToKey(evaluation.Id), evaluation.Outcome!.ResultJson ?? "", evaluation.Outcome.Failure ?? ""))];
    }

    /// <inheritdoc/>
    public Task AcknowledgeAsync(EvaluationKey key) => RemoveAsync(evaluation => evaluation.Id == EvaluationMessages.ToId(key));

    /// <inheritdoc/>
    public Task DropAsync(List<EvaluationKey> keys)
    {
        var dropped = keys.Select(EvaluationMessages.ToId).ToHashSet();
        return RemoveAsync(evaluation => dropped.Contains(evaluation.Id));
    }

    /// <inheritdoc/>
    public Task<List<EvaluationRow>> ListAsync(string run) => Task.FromResult<List<EvaluationRow>>(
        [.. State.Evaluations.Where(evaluation => evaluation.Id.Run == run).Select(evaluation => new EvaluationRow(
            EvaluationMessages.ToKey(evaluation.Id), evaluation.SamplesDone, evaluation.Samples))]);

    private async Task RemoveAsync(Predicate<EvaluationState> which)
    {
        if (State.Evaluations.RemoveAll(which) > 0) await StoreAsync();
    }

    private async Task DecideAsync(bool isNews)
    {
        var view = await Fleet.LookForEvaluationsAsync();
        var workers = view.Workers.Select(row => new EvaluationWorker(row.Key.Worker, row.Key.Incarnation, row.Numerics, row.Run.Length > 0 ? row.Run : null)).ToList();
        var decision = EvaluationPolicy.Decide(State.Evaluations, workers, view.Numerics, settings, time.GetUtcNow());
        var isChanged = decision.Evaluations.Zip(State.Evaluations).Any(pair => !ReferenceEquals(pair.First, pair.Second));
        State.Evaluations = [.. decision.Evaluations];
        if (isNews || isChanged) await StoreAsync();
        foreach (var order in decision.Orders) await TellAsync(order);
    }

    private async Task TellAsync(GivePart order)
    {
        if (await Fleet.DetailsAsync(order.Id.Run) is not { } details) return;
        var requestedAt = State.Evaluations.Find(evaluation => evaluation.Id == order.Id)!.RequestedAt;
        await GrainFactory.GetGrain<IWorkerGrain>(order.Worker).TellAsync(
            $"Evaluate {order.Id} {order.Part}", new WireMessage(EvaluationMessages.ToMessage(order, details, Epoch, cluster, requestedAt)));
    }
}
