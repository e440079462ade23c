using System.Text.Json;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Evaluations;
using Atelier.Core.Metrics;
using Atelier.Core.Runs;
using Atelier.Core.Telemetry;
using Atelier.Storage.Snapshots;
using Microsoft.Extensions.Logging;

namespace Atelier.Coordinator.Runs;

/// <summary>Metrics of a run: asked for when a snapshot that is due is whole; here what became of them is kept.</summary>
/// <param name="run">The run.</param>
/// <param name="retention">Deletes what the rules let go.</param>
/// <param name="observer">Told of values.</param>
internal sealed partial class RunEvaluations(ActiveRun run, RunRetention retention, RunObserver observer)
{
    /// <summary>An evaluation has ended.</summary>
    public async Task MeasuredAsync(EvaluationResult result)
    {
        if (!run.State.Measuring.Contains(result.Id) || run.State.Recording.Exists(known => known.Id == result.Id)) return;
        run.State.Recording.Add(result);
        await run.StoreAsync();
        Record(result);
    }

    private bool IsDue(SnapshotName snapshot)
    {
        var interval = ImageCount.FromKimg(run.Spec.MetricsEvery).Images;
        // A run's last state is its result, and is measured if any state was to be.
        return run.Schedule.IsMeasured(snapshot.At, interval) || (snapshot.At >= run.Spec.Total && run.Spec.Total.Images >= interval);
    }

    /// <summary>Asks for the metrics of a new snapshot, every so often and at the run's end.</summary>
    /// <param name="trace">The snapshot's span; empty for none.</param>
    public async Task EvaluateIfDueAsync(SnapshotName snapshot, string trace = "")
    {
        if (!IsDue(snapshot)) return;
        await EvaluateAsync(snapshot, run.Spec.Metrics, trace);
    }

    /// <summary>Asks for what was due and is not known of a snapshot of before: a stop or a crash came between.</summary>
    public async Task EvaluateWhatIsMissingAsync(SnapshotName snapshot, SnapshotManifest manifest)
    {
        var missing = run.Spec.Metrics.Where(metric => !manifest.Metrics.ContainsKey(metric)).ToList();
        if (missing.Count > 0 && manifest.ImageCount > 0 && IsDue(snapshot)) await EvaluateAsync(snapshot, missing, "");
    }

    private async Task EvaluateAsync(SnapshotName snapshot, IEnumerable<string> metrics, string trace)
    {
        using var span = CoordinatorMetrics.Traces.Begin("evaluation", TraceParent.Read(trace));
        span?.SetTag("run", run.Name).SetTag("snapshot", snapshot.ToString());
        var parent = span is null ? trace : TraceParent.Write(span.Context);
        var requests = metrics.Select(MetricCatalog.Find).Select(metric => new EvaluationRequest(
            new(run.Name, snapshot.ToString(), metric.Name), metric.Samples, metric.Real?.CountOf(checked((int)run.Spec.DataImages), run.Spec.Mirror) ?? 0, parent)).ToList();
        await run.Evaluations.RequestAsync(requests);
        run.State.Measuring.AddRange(requests.Select(request => request.Id).Except(run.State.Measuring));
        if (requests.Count > 0 && (run.Spec.Rollbacks > 0 || run.Spec.Patience > 0) && !run.State.Unjudged.Contains(snapshot.ToString())) run.State.Unjudged.Add(snapshot.ToString());
    }

    /// <summary>Gives up the evaluations of snapshots that nobody is interested in any more.</summary>
    public async Task DropAsync(Func<SnapshotName, bool> isUnwanted)
    {
        var dropped = run.State.Measuring.Where(id => SnapshotName.TryParse(id.Snapshot) is { } name && isUnwanted(name)).ToList();
        if (dropped.Count == 0) return;
        await run.Evaluations.DropAsync(dropped);
        run.State.Measuring = [.. run.State.Measuring.Except(dropped)];
        run.State.Recording.RemoveAll(result => dropped.Contains(result.Id));
        foreach (var snapshot in dropped.Select(id => SnapshotName.TryParse(id.Snapshot)!).Distinct()) Tidy(snapshot);
        await run.StoreAsync();
    }

    /// <summary>Writes a value into the store: as a line of its file, into the snapshot's manifest, and as the link to the best one.</summary>
    public void Record(EvaluationResult result)
    {
        var (metric, snapshot, line) = (MetricCatalog.Find(result.Id.Metric), SnapshotName.TryParse(result.Id.Snapshot)!, result.Line);
        var (value, problem) = line.Length == 0 ? (0, result.Failure) : Read(line, metric);
        if (problem is not null)
        {
            Recorded(result, new MetricFailed(run.Now, snapshot.At.Kimg, metric.Name, snapshot.ToString(), problem));
            return;
        }

        var isFirst = run.FirstMetric == metric.Name;
        run.DoUntilDone(async (store, cancellation) =>
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
                observer.ObserveMetric(metric, value);
                run.Journal.AddMetric(line);
                Recorded(result, new MetricMeasured(run.Now, snapshot.At.Kimg, metric.Results[0], value, snapshot.ToString()));
                return Task.CompletedTask;
            };
        });
    }

    private void Recorded(EvaluationResult result, RunEvent happened)
    {
        if (!run.State.Recording.Remove(result)) return;
        run.State.Measuring.Remove(result.Id);
        run.IsUnstored = true;
        run.Log(happened);
        Tidy(SnapshotName.TryParse(result.Id.Snapshot)!);
        retention.Retain(protectsAgreed: run.Generation.Held.Count > 0);
        run.DecideSoon();
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
    public void Tidy(SnapshotName snapshot)
    {
        if (run.State.Measuring.Exists(id => id.Snapshot == snapshot.ToString())) return;
        run.Do(async (store, cancellation) =>
        {
            try
            {
                await store.DeleteEvaluationAsync(snapshot, cancellation);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                NotTidied(run.Logger, snapshot.ToString(), error.Message);
            }

            return () => Task.CompletedTask;
        });
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "what was left of measuring {Snapshot} could not be deleted: {Reason}")]
    private static partial void NotTidied(ILogger logger, string snapshot, string reason);
}
