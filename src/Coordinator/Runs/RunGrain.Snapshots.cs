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

/// <content>
/// Snapshots: members of a generation write their slices at due iterations by themselves, and tell; here the slices become
/// a snapshot, or are given up.
/// </content>
public sealed partial class RunGrain
{
    private const int GenerationsRemembered = 8;

    private static readonly TimeSpan WriteDeadline = TimeSpan.FromMinutes(5);

    private readonly Dictionary<long, PendingSnapshot> _pending = [];
    private readonly HashSet<long> _deciding = [];
    private readonly SnapshotPolicy _snapshotPolicy = new(WriteDeadline);
    private bool _wantsRetry;
    private DateTimeOffset? _lastSnapshot;
    private GenerationId? _settledFor;

    /// <inheritdoc/>
    public async Task SliceAsync(SliceNote slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        if (!await PrepareAsync()) return;
        if (PendingOf(SnapshotNumber.Of(slice.Attempt), slice) is not { } pending) return;
        if (pending.Observe(slice) && !_deciding.Contains(slice.Attempt))
        {
            // Its writer does not tell again.
            if (!State.Slices.TryGetValue(slice.Attempt, out var told)) State.Slices[slice.Attempt] = told = [];
            told.RemoveAll(other => (other.Worker, other.Incarnation) == (slice.Worker, slice.Incarnation));
            told.Add(slice);
            await StoreAsync();
        }

        DecideSoon();
    }

    /// <summary>Goes on with the snapshots that a former activation knew of.</summary>
    private void ResumeSnapshots()
    {
        foreach (var (attempt, told) in State.Slices.ToList())
        {
            foreach (var slice in told) PendingOf(SnapshotNumber.Of(attempt), slice)?.Observe(slice);
            if (!_pending.ContainsKey(attempt)) State.Slices.Remove(attempt);
        }

        if (State.Discarding.Count > 0) DeleteDiscarded();
    }

    /// <summary>The attempt that a slice belongs to; null for one that is decided already, or whose generation is forgotten.</summary>
    private PendingSnapshot? PendingOf(SnapshotNumber number, SliceNote slice)
    {
        if (_pending.TryGetValue(number.Value, out var known)) return known;
        if (WritersOf(number, slice) is not { } writers) return null;
        var version = new StateVersion(writers.Lineage, new(number.Iteration, 0));
        if (version.Lineage != Generation.Lineage || State.Snapshots.ContainsKey(number.Iteration)) return null;
        // Told again to a coordinator that took over, of a snapshot that was deleted when later ones were written.
        if (!State.Slices.ContainsKey(number.Value) && State.Snapshots.Keys.Any(later => later > number.Iteration)) return null;
        return _pending[number.Value] = new PendingSnapshot(number, version, writers.Members, Now);
    }

    private GenerationWriters? WritersOf(SnapshotNumber number, SliceNote slice)
    {
        if (!number.IsSave) return State.Writers.GetValueOrDefault(number.Generation.Number);
        // One worker saves, while all stand still; a generation that ends so may never have run.
        return number.Generation == Generation.Generation
            ? new(Generation.Lineage, [new(new(slice.Worker), slice.Incarnation, new(0), new(0, _spec!.Shards))])
            : null;
    }

    private void Remember(GenerationPlan plan)
    {
        State.Writers[plan.Id.Number] = new(plan.Start.Lineage, [.. plan.Members]);
        foreach (var old in State.Writers.Keys.Order().SkipLast(GenerationsRemembered).ToList()) State.Writers.Remove(old);
    }

    private async Task StepSnapshotsAsync()
    {
        foreach (var pending in _pending.Values.Where(pending => !_deciding.Contains(pending.Number.Value)).OrderBy(pending => pending.Attempt.Version).ToList())
        {
            var decision = pending.Attempt.Version.Lineage != Generation.Lineage
                ? new SnapshotDecision.Abandon("the run was rolled back to before it", 0)
                : Generation.Stage == GenerationStage.Running && pending.Overtaken(Generation.Generation) is { } overtaken
                    ? new SnapshotDecision.Abandon($"{overtaken} was halted before it got there", 0)
                    : _snapshotPolicy.Decide(pending.Attempt, (worker, incarnation) => _live.GetValueOrDefault(worker.Value)?.Incarnation == incarnation, Now);
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

        if (Generation.Stage != GenerationStage.Running) _lastSnapshot = null;
        else _lastSnapshot ??= Now;
        if (Now - _lastSnapshot >= _settings.LongestWithoutSnapshot && _pending.Count == 0) _wantsRetry = true;
        if (_wantsRetry && Generation.Stage == GenerationStage.Running && !Generation.Plan!.IsLast) await RetryAsync();
        if (Generation is { Stage: GenerationStage.Idle, Held.Count: 0 } && _settledFor != Generation.Generation)
        {
            // Nobody holds the run any more: what could still be gone back to while somebody did goes by the rules now.
            _settledFor = Generation.Generation;
            Retain(protectsAgreed: false);
        }
    }

    private void Commit(PendingSnapshot pending)
    {
        _deciding.Add(pending.Number.Value);
        _work.Do(_details!.Store, async (store, _) =>
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
        _lastSnapshot = Now;
        var position = pending.Attempt.Version.Position;
        var name = new SnapshotName(manifest.Branch, manifest.At);
        State.Snapshots[position.Iteration] = name.ToString();
        State.SnapshotImages = Math.Max(State.SnapshotImages ?? 0, manifest.ImageCount);
        State.Generation = GenerationReports.SnapshotCommitted(Generation, pending.Attempt.Version);
        Log(new SnapshotWritten(
            Now, manifest.Kimg, name.ToString(), manifest.StateSha256, manifest.Slices.Sum(slice => slice.Bytes), (Now - pending.BegunAt).TotalSeconds));
        var trace = ObserveSnapshot(pending.Trace, pending.BegunAt, manifest.Slices.Sum(slice => slice.Bytes), name.ToString());
        await EvaluateIfDueAsync(name, trace);
        Retain(protectsAgreed: true);
    }

    private void Abandon(PendingSnapshot pending, string reason)
    {
        _deciding.Add(pending.Number.Value);
        _work.Do(_details!.Store, (store, _) => AbandonAsync(store, pending, reason));
    }

    private async Task<Func<Task>> AbandonAsync(RunStore store, PendingSnapshot pending, string reason)
    {
        await pending.AbandonAsync(store.Snapshots);
        return () =>
        {
            Settle(pending);
            var at = Schedule.ImagesAt(pending.Number.Iteration);
            _metrics.SnapshotFailures.Add(1, CoordinatorMetrics.Tag("run", Name));
            Log(new SnapshotFailed(Now, at.Kimg, new SnapshotName(_details!.Branch, at).ToString(), reason));
            if (pending.Number.IsSave)
                State.Generation = GenerationReports.SaveFailed(Generation);
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
        State.Slices.Remove(pending.Number.Value);
    }

    /// <summary>After an attempt that failed, or an hour without one: asks for a snapshot as soon as every member can still be told in time.</summary>
    private async Task RetryAsync()
    {
        (_wantsRetry, _lastSnapshot) = (false, Now);
        var plan = Generation.Plan!;
        var at = Generation.Reached.Iteration + 2 + (long)Math.Ceiling((_rate.PerSecond(Now) ?? 0));
        // The next one that is due anyway is as good.
        if (at >= Generation.Shape.Iterations || Schedule.NextAfter(Generation.Reached.Iteration) <= at) return;
        var message = new WireMessage(new CoordinatorMessage
        {
            Epoch = Epoch,
            Cluster = _cluster.Id,
            Authority = RunMessages.AuthorityOf(Name),
            Traceparent = State.Trace,
            TakeSnapshot = new() { Run = Name, Generation = plan.Id.Number, Attempt = new SnapshotNumber(plan.Id, at).Value, AtIteration = at },
        });
        foreach (var member in plan.Members) await GrainFactory.GetGrain<IWorkerGrain>(member.Worker.Value).TellAsync($"TakeSnapshot {Name} {at}", message);
    }

    private void Retain(bool protectsAgreed)
    {
        // What is being measured may turn out to be the best.
        var kept = State.Measuring.Select(id => id.Snapshot).Concat(State.Recording.Select(result => result.Id.Snapshot)).ToHashSet();
        if (protectsAgreed) kept.UnionWith(Generation.Snapshots.Select(position => State.Snapshots.GetValueOrDefault(position.Iteration, "")));
        var (policy, first, isJudging) = (RetentionPolicy.Of(_spec!), _spec!.Metrics is [var best, ..] ? best : null, State.Unjudged.Count > 0);
        var at = Schedule.ImagesAt(Generation.Reached.Iteration);
        _work.Do(_details!.Store, async (store, cancellation) =>
        {
            try
            {
                // So may what another value is judged by, which comes before it in training, but not in time.
                if (isJudging) kept.UnionWith((await store.Snapshots.FactsAsync(first, cancellation)).Keys.Where(known => known.Metric is not null).Select(known => known.Name));
                var deleted = await store.Snapshots.RetainAsync(policy, first, cancellation, name => kept.Contains(name.ToString()));
                return () =>
                {
                    foreach (var name in deleted) Forget(name);
                    return Task.CompletedTask;
                };
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return () =>
                {
                    Log(new SnapshotFailed(Now, at.Kimg, at.ToString(), $"old snapshots could not be deleted ({error.Message})"));
                    return Task.CompletedTask;
                };
            }
        });
    }

    /// <summary>Gives up the snapshots after a position; they are deleted as soon as the store lets it.</summary>
    private void Discard(Position after)
    {
        foreach (var (iteration, name) in State.Snapshots.Where(snapshot => snapshot.Key > after.Iteration).ToList())
        {
            State.Snapshots.Remove(iteration);
            if (!State.Discarding.Contains(name)) State.Discarding.Add(name);
        }

        State.SnapshotImages = State.Snapshots.Keys.Count > 0 ? Schedule.ImagesAt(State.Snapshots.Keys.Max()).Images : null;
        DeleteDiscarded();
    }

    private void DeleteDiscarded()
    {
        var names = State.Discarding.Select(SnapshotName.TryParse).OfType<SnapshotName>().ToList();
        _work.DoUntilDone(_details!.Store, async (store, cancellation) =>
        {
            foreach (var name in names) await store.Snapshots.DeleteAsync(name, cancellation);
            return () =>
            {
                foreach (var name in names.Where(name => State.Discarding.Remove(name.ToString()))) Forget(name);
                return Task.CompletedTask;
            };
        });
    }

    private void Forget(SnapshotName name)
    {
        Log(new SnapshotDeleted(Now, name.At.Kimg, name.ToString()));
        foreach (var (iteration, _) in State.Snapshots.Where(snapshot => snapshot.Value == name.ToString()).ToList())
        {
            State.Snapshots.Remove(iteration);
            State.Generation = GenerationReports.SnapshotLost(Generation, new(iteration, 0));
        }
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
