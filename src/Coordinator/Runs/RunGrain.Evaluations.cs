using System.Text.Json;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Evaluations;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Telemetry;
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
        if (!await PrepareAsync() || !State.Measuring.Contains(result.Id) || State.Recording.Exists(known => known.Id == result.Id)) return;
        State.Recording.Add(result);
        await StoreAsync();
        Record(result);
    }

    /// <inheritdoc/>
    public async Task TidyAsync(string snapshot)
    {
        if (await PrepareAsync() && SnapshotName.TryParse(snapshot) is { } name) Tidy(name);
    }

    private bool IsDue(SnapshotName snapshot)
    {
        var interval = ImageCount.FromKimg(_spec!.MetricsEvery).Images;
        // A run's last state is its result, and is measured if any state was to be.
        return Schedule.IsMeasured(snapshot.At, interval) || (snapshot.At >= _spec.Total && _spec.Total.Images >= interval);
    }

    /// <summary>Asks for the metrics of a new snapshot, every so often and at the run's end.</summary>
    /// <param name="trace">The snapshot's span; empty for none.</param>
    private async Task EvaluateIfDueAsync(SnapshotName snapshot, string trace = "")
    {
        if (!IsDue(snapshot)) return;
        await EvaluateAsync(snapshot, _spec!.Metrics, trace);
    }

    /// <summary>Asks for what was due and is not known of a snapshot of before: a stop or a crash came between.</summary>
    private async Task EvaluateWhatIsMissingAsync(SnapshotName snapshot, SnapshotManifest manifest)
    {
        var missing = _spec!.Metrics.Where(metric => !manifest.Metrics.ContainsKey(metric)).ToList();
        if (missing.Count > 0 && manifest.ImageCount > 0 && IsDue(snapshot)) await EvaluateAsync(snapshot, missing, "");
    }

    private async Task EvaluateAsync(SnapshotName snapshot, IEnumerable<string> metrics, string trace)
    {
        using var span = CoordinatorMetrics.Traces.Begin("evaluation", TraceParent.Read(trace));
        span?.SetTag("run", Name).SetTag("snapshot", snapshot.ToString());
        var parent = span is null ? trace : TraceParent.Write(span.Context);
        var requests = metrics.Select(MetricCatalog.Find).Select(metric => new EvaluationRequest(
            new(Name, snapshot.ToString(), metric.Name), metric.Samples, metric.Real?.CountOf(checked((int)_spec!.DataImages), _spec.Mirror) ?? 0, parent)).ToList();
        await Evaluations.RequestAsync(requests);
        State.Measuring.AddRange(requests.Select(request => request.Id).Except(State.Measuring));
        if (requests.Count > 0 && (_spec!.Rollbacks > 0 || _spec.Patience > 0) && !State.Unjudged.Contains(snapshot.ToString())) State.Unjudged.Add(snapshot.ToString());
    }

    /// <summary>Gives up the evaluations of snapshots that nobody is interested in any more.</summary>
    private async Task DropEvaluationsAsync(Func<SnapshotName, bool> isUnwanted)
    {
        var dropped = State.Measuring.Where(id => SnapshotName.TryParse(id.Snapshot) is { } name && isUnwanted(name)).ToList();
        if (dropped.Count == 0) return;
        await Evaluations.DropAsync(dropped);
        State.Measuring = [.. State.Measuring.Except(dropped)];
        State.Recording.RemoveAll(result => dropped.Contains(result.Id));
        foreach (var snapshot in dropped.Select(id => SnapshotName.TryParse(id.Snapshot)!).Distinct()) Tidy(snapshot);
        await StoreAsync();
    }

    /// <summary>Writes a value into the store: as a line of its file, into the snapshot's manifest, and as the link to the best one.</summary>
    private void Record(EvaluationResult result)
    {
        var (metric, snapshot, line) = (MetricCatalog.Find(result.Id.Metric), SnapshotName.TryParse(result.Id.Snapshot)!, result.Line);
        var (value, problem) = line.Length == 0 ? (0, result.Failure) : Read(line, metric);
        if (problem is not null)
        {
            Recorded(result, new MetricFailed(Now, snapshot.At.Kimg, metric.Name, snapshot.ToString(), problem));
            return;
        }

        var isFirst = _spec!.Metrics is [var first, ..] && first == metric.Name;
        _work.DoUntilDone(_details!.Store, async (store, cancellation) =>
        {
            await store.AppendOnceAsync(RunFileNames.Metric(metric.Name), line, cancellation);
            try
            {
                await store.Snapshots.RecordMetricAsync(snapshot, metric.Name, value, cancellation);
                if (isFirst && store.Folder is { } folder) await BestSnapshot.LinkAsync(store.Snapshots, folder, metric.Name, metric.HigherIsBetter, cancellation);
            }
            catch (SnapshotDamagedException)
            {
                // The line stands; only the choice of the best snapshot does without it.
            }

            return () =>
            {
                ObserveMetric(metric, value);
                _journal!.AddMetric(line);
                Recorded(result, new MetricMeasured(Now, snapshot.At.Kimg, metric.Results[0], value, snapshot.ToString()));
                return Task.CompletedTask;
            };
        });
    }

    private void Recorded(EvaluationResult result, RunEvent happened)
    {
        if (!State.Recording.Remove(result)) return;
        State.Measuring.Remove(result.Id);
        _isUnstored = true;
        Log(happened);
        Tidy(SnapshotName.TryParse(result.Id.Snapshot)!);
        Retain(protectsAgreed: Generation.Held.Count > 0);
        DecideSoon();
    }

    private static (double Value, string? Problem) Read(string line, Metric metric)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("results").GetProperty(metric.Results[0]).GetDouble(), null);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (0, $"the worker's answer cannot be read ({error.Message})");
        }
    }

    /// <summary>Deletes what workers left for each other, once nothing of the snapshot is measured any more.</summary>
    private void Tidy(SnapshotName snapshot)
    {
        if (State.Measuring.Exists(id => id.Snapshot == snapshot.ToString())) return;
        _work.Do(_details!.Store, async (store, cancellation) =>
        {
            try
            {
                await store.DeleteEvaluationAsync(snapshot, cancellation);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                NotTidied(_log, snapshot.ToString(), error.Message);
            }

            return () => Task.CompletedTask;
        });
    }

    [Microsoft.Extensions.Logging.LoggerMessage(Level = Microsoft.Extensions.Logging.LogLevel.Warning, Message = "what was left of measuring {Snapshot} could not be deleted: {Reason}")]
    private static partial void NotTidied(Microsoft.Extensions.Logging.ILogger logger, string snapshot, string reason);
}
