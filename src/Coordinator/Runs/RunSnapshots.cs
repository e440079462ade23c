using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Snapshots;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
using Orleans;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Coordinator.Runs;

/// <summary>
/// The snapshots of a run: members of a generation write their slices at due iterations by themselves, and tell; here the slices become
/// a snapshot, or are given up.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="retention">Deletes what the rules let go.</param>
/// <param name="evaluations">Asked for the metrics of what is whole.</param>
/// <param name="observer">Counts.</param>
/// <param name="longestWithout">A run that trains has a snapshot at least so often, whatever its interval in images.</param>
internal sealed class RunSnapshots(ActiveRun run, RunRetention retention, RunEvaluations evaluations, RunObserver observer, TimeSpan longestWithout)
{
    private const int GenerationsRemembered = 8;

    private static readonly TimeSpan WriteDeadline = TimeSpan.FromMinutes(5);

    private readonly Dictionary<long, PendingSnapshot> _pending = [];
    private readonly HashSet<long> _deciding = [];
    private readonly SnapshotPolicy _snapshotPolicy = new(WriteDeadline);
    private bool _wantsRetry;
    private DateTimeOffset? _lastSnapshot;
    private GenerationId? _settledFor;

    /// <summary>Takes in how writing a slice went.</summary>
    public async Task SliceAsync(SliceNote slice)
    {
        if (PendingOf(SnapshotNumber.Of(slice.Attempt), slice) is not { } pending) return;
        if (pending.Observe(slice) && !_deciding.Contains(slice.Attempt))
        {
            // Its writer does not tell again.
            if (!run.State.Slices.TryGetValue(slice.Attempt, out var told)) run.State.Slices[slice.Attempt] = told = [];
            told.RemoveAll(other => (other.Worker, other.Incarnation) == (slice.Worker, slice.Incarnation));
            told.Add(slice);
            await run.StoreAsync();
        }

        run.DecideSoon();
    }

    /// <summary>Goes on with the snapshots that a former activation knew of.</summary>
    public void Resume()
    {
        foreach (var (attempt, told) in run.State.Slices.ToList())
        {
            foreach (var slice in told) PendingOf(SnapshotNumber.Of(attempt), slice)?.Observe(slice);
            if (!_pending.ContainsKey(attempt)) run.State.Slices.Remove(attempt);
        }

        if (run.State.Discarding.Count > 0) retention.DeleteDiscarded();
    }

    /// <summary>The attempt that a slice belongs to; null for one that is decided already, or whose generation is forgotten.</summary>
    private PendingSnapshot? PendingOf(SnapshotNumber number, SliceNote slice)
    {
        if (_pending.TryGetValue(number.Value, out var known)) return known;
        if (WritersOf(number, slice) is not { } writers) return null;
        var version = new StateVersion(writers.Lineage, new(number.Iteration, 0));
        if (version.Lineage != run.Generation.Lineage || run.State.Snapshots.ContainsKey(number.Iteration)) return null;
        // Told again to a coordinator that took over, of a snapshot that was deleted when later ones were written.
        if (!run.State.Slices.ContainsKey(number.Value) && run.State.Snapshots.Keys.Any(later => later > number.Iteration)) return null;
        return _pending[number.Value] = new PendingSnapshot(number, version, writers.Members, run.Now);
    }

    private GenerationWriters? WritersOf(SnapshotNumber number, SliceNote slice)
    {
        if (!number.IsSave) return run.State.Writers.GetValueOrDefault(number.Generation.Number);
        // One worker saves, while all stand still; a generation that ends so may never have run.
        return number.Generation == run.Generation.Generation
            ? new(run.Generation.Lineage, [new(new(slice.Worker), slice.Incarnation, new(0), new(0, run.Spec.Shards))])
            : null;
    }

    /// <summary>A generation begins: its members write the slices of its snapshots.</summary>
    public void Remember(GenerationPlan plan)
    {
        run.State.Writers[plan.Id.Number] = new(plan.Start.Lineage, [.. plan.Members]);
        foreach (var old in run.State.Writers.Keys.Order().SkipLast(GenerationsRemembered).ToList()) run.State.Writers.Remove(old);
    }

    /// <summary>Decides on the snapshots that are being written, and asks for one where one is wanted.</summary>
    public async Task StepAsync()
    {
        foreach (var pending in _pending.Values.Where(pending => !_deciding.Contains(pending.Number.Value)).OrderBy(pending => pending.Attempt.Version).ToList())
        {
            var decision = pending.Attempt.Version.Lineage != run.Generation.Lineage
                ? new SnapshotDecision.Abandon("the run was rolled back to before it", 0)
                : run.Generation.Stage == GenerationStage.Running && pending.Overtaken(run.Generation.Generation) is { } overtaken
                    ? new SnapshotDecision.Abandon($"{overtaken} was halted before it got there", 0)
                    : _snapshotPolicy.Decide(pending.Attempt, (worker, incarnation) => run.Live.GetValueOrDefault(worker.Value)?.Incarnation == incarnation, run.Now);
            switch (decision)
            {
                case SnapshotDecision.Commit:
                    Commit(pending);
                    break;
                case SnapshotDecision.Abandon abandon:
                    Abandon(pending, abandon.Reason);
                    break;
            }
        }

        if (run.Generation.Stage != GenerationStage.Running) _lastSnapshot = null;
        else _lastSnapshot ??= run.Now;
        if (run.Now - _lastSnapshot >= longestWithout && _pending.Count == 0) _wantsRetry = true;
        if (_wantsRetry && run.Generation.Stage == GenerationStage.Running && !run.Generation.Plan!.IsLast) await RetryAsync();
        if (run.Generation is { Stage: GenerationStage.Idle, Held.Count: 0 } && _settledFor != run.Generation.Generation)
        {
            // Nobody holds the run any more: what could still be gone back to while somebody did goes by the rules now.
            _settledFor = run.Generation.Generation;
            retention.Retain(protectsAgreed: false);
        }
    }

    private void Commit(PendingSnapshot pending)
    {
        _deciding.Add(pending.Number.Value);
        run.Do(async (store, _) =>
        {
            try
            {
                var manifest = await pending.CommitAsync(store.Snapshots);
                return () => CommittedAsync(pending, manifest);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or SnapshotDamagedException)
            {
                return await AbandonAsync(store, pending, error.Message);
            }
        });
    }

    private async Task CommittedAsync(PendingSnapshot pending, SnapshotManifest manifest)
    {
        Settle(pending);
        _lastSnapshot = run.Now;
        var position = pending.Attempt.Version.Position;
        var name = new SnapshotName(manifest.Branch, manifest.At);
        run.State.Snapshots[position.Iteration] = name.ToString();
        run.State.SnapshotImages = Math.Max(run.State.SnapshotImages ?? 0, manifest.ImageCount);
        run.State.Generation = GenerationReports.SnapshotCommitted(run.Generation, pending.Attempt.Version);
        run.Log(new SnapshotWritten(
            run.Now, manifest.Kimg, name.ToString(), manifest.StateSha256, manifest.Slices.Sum(slice => slice.Bytes), (run.Now - pending.BegunAt).TotalSeconds));
        var trace = observer.ObserveSnapshot(pending.Trace, pending.BegunAt, manifest.Slices.Sum(slice => slice.Bytes), name.ToString());
        await evaluations.EvaluateIfDueAsync(name, trace);
        retention.Retain(protectsAgreed: true);
    }

    private void Abandon(PendingSnapshot pending, string reason)
    {
        _deciding.Add(pending.Number.Value);
        run.Do((store, _) => AbandonAsync(store, pending, reason));
    }

    private async Task<Func<Task>> AbandonAsync(RunStore store, PendingSnapshot pending, string reason)
    {
        await pending.AbandonAsync(store.Snapshots);
        return () =>
        {
            Settle(pending);
            var at = run.Schedule.ImagesAt(pending.Number.Iteration);
            run.Metrics.SnapshotFailures.Add(1, CoordinatorMetrics.Tag("run", run.Name));
            run.Log(new SnapshotFailed(run.Now, at.Kimg, new SnapshotName(run.Details.Branch, at).ToString(), reason));
            if (pending.Number.IsSave)
                run.State.Generation = GenerationReports.SaveFailed(run.Generation);
            else
                _wantsRetry = true;
            return Task.CompletedTask;
        };
    }

    /// <summary>An attempt is decided.</summary>
    private void Settle(PendingSnapshot pending)
    {
        _pending.Remove(pending.Number.Value);
        _deciding.Remove(pending.Number.Value);
        run.State.Slices.Remove(pending.Number.Value);
    }

    /// <summary>After an attempt that failed, or an hour without one: asks for a snapshot as soon as every member can still be told in time.</summary>
    private async Task RetryAsync()
    {
        (_wantsRetry, _lastSnapshot) = (false, run.Now);
        var plan = run.Generation.Plan!;
        var at = run.Generation.Reached.Iteration + 2 + (long)Math.Ceiling((run.Rate.PerSecond(run.Now) ?? 0));
        // The next one that is due anyway is as good.
        if (at >= run.Generation.Shape.Iterations || run.Schedule.NextAfter(run.Generation.Reached.Iteration) <= at) return;
        var message = new WireMessage(new CoordinatorMessage
        {
            Epoch = run.Epoch,
            Cluster = run.Cluster.Id,
            Authority = RunMessages.AuthorityOf(run.Name),
            Traceparent = run.State.Trace,
            TakeSnapshot = new() { Run = run.Name, Generation = plan.Id.Number, Attempt = new SnapshotNumber(plan.Id, at).Value, AtIteration = at },
        });
        await run.Messenger.TellAsync([.. plan.Members.Select(member => member.Worker.Value)], $"TakeSnapshot {run.Name} {at}", message);
    }
}

/// <summary>How writing a slice went.</summary>
/// <param name="Worker">Who wrote.</param>
/// <param name="Incarnation">Its process.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="SizeBytes">Size of the slice.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="StateSha256">Hash of the whole state, as the writer has it.</param>
/// <param name="Error">Why it failed; empty for a slice that is durable.</param>
/// <param name="Json">A <see cref="WrittenSlice"/>.</param>
/// <param name="Trace">The span of writing it; empty for none.</param>
[GenerateSerializer, Immutable, Alias("atelier.slice")]
public sealed record SliceNote(
    [property: Id(0)] string Worker, [property: Id(1)] long Incarnation, [property: Id(2)] long Attempt, [property: Id(3)] long SizeBytes, [property: Id(4)] string Sha256,
    [property: Id(5)] string StateSha256, [property: Id(6)] string Error, [property: Id(7)] string Json, [property: Id(8)] string Trace = "");
