using System.Text.Json;
using Atelier.Coordinator.Evaluations;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;

namespace Atelier.Coordinator.Runs;

/// <content>Metrics: asked for when a snapshot that is due is whole; here what became of them is kept.</content>
public sealed partial class RunGrain
{
    private IEvaluationsGrain Evaluations => GrainFactory.GetGrain<IEvaluationsGrain>(0);

    /// <inheritdoc/>
    public async Task MeasuredAsync(EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (!await PrepareAsync() || !State.Measuring.Contains(result.Key) || SnapshotName.TryParse(result.Key.Snapshot) is not { } name) return;
        if (result.Line.Length > 0) await KeepMetricAsync(name, MetricCatalog.Find(result.Key.Metric), result.Line);
        else Log(new MetricFailed(Now, name.At.Kimg, result.Key.Metric, result.Key.Snapshot, result.Failure));
        State.Measuring.Remove(result.Key);
        await TidyAsync(name);
        await StoreAsync();
        await RetainAsync(protectsAgreed: Generation.Held.Count > 0);
        DecideSoon();
    }

    /// <inheritdoc/>
    public async Task TidyAsync(string snapshot)
    {
        if (await PrepareAsync() && SnapshotName.TryParse(snapshot) is { } name) await TidyAsync(name);
    }

    /// <summary>Asks for the metrics of a new snapshot, every so often and at the run's end.</summary>
    private async Task EvaluateIfDueAsync(SnapshotName snapshot)
    {
        var interval = ImageCount.FromKimg(_spec!.MetricsEvery).Images;
        var isDue = interval > 0 && snapshot.At.Images / interval > State.MeasuredImages / interval;
        // A run's last state is its result, and is measured if any state was to be.
        if (!isDue && (snapshot.At < _spec.Total || _spec.Total.Images < interval)) return;
        State.MeasuredImages = snapshot.At.Images;
        var requests = _spec.Metrics.Select(MetricCatalog.Find).Select(metric => new EvaluationRequest(
            new(Name, snapshot.ToString(), metric.Name), metric.Samples, metric.Real?.CountOf(checked((int)_spec.DataImages), _spec.Mirror) ?? 0)).ToList();
        await Evaluations.RequestAsync(requests);
        State.Measuring.AddRange(requests.Select(request => request.Key).Except(State.Measuring));
        if (requests.Count > 0 && (_spec.Rollbacks > 0 || _spec.Patience > 0)) State.Unjudged.Add(snapshot.ToString());
    }

    /// <summary>Gives up the evaluations of snapshots that nobody is interested in any more.</summary>
    private async Task DropEvaluationsAsync(Func<SnapshotName, bool> isUnwanted)
    {
        var dropped = State.Measuring.Where(key => SnapshotName.TryParse(key.Snapshot) is { } name && isUnwanted(name)).ToList();
        if (dropped.Count == 0) return;
        await Evaluations.DropAsync(dropped);
        State.Measuring = [.. State.Measuring.Except(dropped)];
        foreach (var snapshot in dropped.Select(key => SnapshotName.TryParse(key.Snapshot)!).Distinct()) await TidyAsync(snapshot);
        await StoreAsync();
    }

    private async Task KeepMetricAsync(SnapshotName snapshot, Metric metric, string line)
    {
        double value;
        try
        {
            using var json = JsonDocument.Parse(line);
            value = json.RootElement.GetProperty("results").GetProperty(metric.Results[0]).GetDouble();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            Log(new MetricFailed(Now, snapshot.At.Kimg, metric.Name, snapshot.ToString(), $"the worker's answer cannot be read ({error.Message})"));
            return;
        }

        RunLog.Append(_details!.Store, RunLog.Metric(metric.Name), line);
        Log(new MetricMeasured(Now, snapshot.At.Kimg, metric.Results[0], value, snapshot.ToString()));
        try
        {
            await Store().RecordMetricAsync(snapshot, metric.Name, value, CancellationToken.None);
            if (_spec!.Metrics[0] == metric.Name && StoreLocation.Parse(_details.Store) is StoreLocation.Folder folder)
                await BestSnapshot.LinkAsync(Store(), folder.Path, metric.Name, metric.HigherIsBetter, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SnapshotDamagedException)
        {
            // The line stands; only the choice of the best snapshot does without it.
        }
    }

    /// <summary>Deletes what workers left for each other, once nothing of the snapshot is measured any more.</summary>
    private async Task TidyAsync(SnapshotName snapshot)
    {
        if (State.Measuring.Exists(key => key.Snapshot == snapshot.ToString())) return;
        try
        {
            await EvaluationFolder.DeleteAsync(StoreLocation.Parse(_details!.Store).Open(), snapshot, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is in nobody's way.
        }
    }
}
