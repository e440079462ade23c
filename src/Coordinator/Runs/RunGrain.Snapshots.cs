using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Snapshots;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Core.Runs;
using Atelier.Protos;
using Atelier.Storage.Snapshots;
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
    private readonly SnapshotPolicy _snapshotPolicy = new(WriteDeadline);
    private bool _wantsRetry;
    private GenerationId? _settledFor;

    /// <inheritdoc/>
    public async Task SliceAsync(SliceNote slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        if (!await PrepareAsync()) return;
        var number = SnapshotNumber.Of(slice.Attempt);
        if (PendingOf(number, slice) is not { } pending) return;
        pending.Observe(slice);
        DecideSoon();
    }

    /// <summary>The attempt that a slice belongs to; null for one that is decided already, or whose generation is forgotten.</summary>
    private PendingSnapshot? PendingOf(SnapshotNumber number, SliceNote slice)
    {
        if (_pending.TryGetValue(number.Value, out var known)) return known;
        if (WritersOf(number, slice) is not { } writers) return null;
        var version = new StateVersion(writers.Lineage, new(number.Iteration, 0));
        if (version.Lineage != Generation.Lineage || State.Snapshots.ContainsKey(number.Iteration)) return null;
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
        foreach (var pending in _pending.Values.OrderBy(pending => pending.Attempt.Version).ToList())
        {
            var decision = pending.Attempt.Version.Lineage != Generation.Lineage
                ? new SnapshotDecision.Abandon("the run has gone back to before it", 0)
                : Generation.Stage == GenerationStage.Running && pending.Overtaken(Generation.Generation) is { } overtaken
                    ? new SnapshotDecision.Abandon($"{overtaken} was halted before it reached it", 0)
                    : _snapshotPolicy.Decide(pending.Attempt, (worker, incarnation) => _live.GetValueOrDefault(worker.Value)?.Incarnation == incarnation, Now);
            switch (decision)
            {
                case SnapshotDecision.Commit:
                    _pending.Remove(pending.Number.Value);
                    await CommitAsync(pending);
                    break;
                case SnapshotDecision.Abandon abandon:
                    _pending.Remove(pending.Number.Value);
                    await AbandonAsync(pending, abandon.Reason);
                    break;
            }
        }

        if (_wantsRetry && Generation.Stage == GenerationStage.Running && !Generation.Plan!.IsLast) await RetryAsync();
        if (Generation is { Stage: GenerationStage.Idle, Held.Count: 0 } && _settledFor != Generation.Generation) await SettleAsync();
    }

    private async Task CommitAsync(PendingSnapshot pending)
    {
        try
        {
            var manifest = await pending.CommitAsync(Store());
            var position = pending.Attempt.Version.Position;
            State.Snapshots[position.Iteration] = new SnapshotName(manifest.Branch, manifest.At).ToString();
            State.SnapshotImages = Math.Max(State.SnapshotImages ?? 0, manifest.ImageCount);
            State.Generation = GenerationReports.SnapshotCommitted(Generation, pending.Attempt.Version);
            Log(new SnapshotWritten(
                Now, manifest.Kimg, State.Snapshots[position.Iteration], manifest.StateSha256, manifest.Slices.Sum(slice => slice.Bytes), (Now - pending.BegunAt).TotalSeconds));
            await EvaluateIfDueAsync(new SnapshotName(manifest.Branch, manifest.At));
            await StoreAsync();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SnapshotDamagedException)
        {
            await AbandonAsync(pending, error.Message);
            return;
        }

        await RetainAsync(protectsAgreed: true);
        DecideSoon();
    }

    private async Task AbandonAsync(PendingSnapshot pending, string reason)
    {
        await pending.AbandonAsync(Store());
        var at = Schedule.ImagesAt(pending.Number.Iteration);
        Log(new SnapshotFailed(Now, at.Kimg, new SnapshotName(_details!.Branch, at).ToString(), reason));
        if (pending.Number.IsSave)
            State.Generation = GenerationReports.SaveFailed(Generation);
        else
            _wantsRetry = true;
        await StoreAsync();
        DecideSoon();
    }

    /// <summary>After an attempt that failed: asks for a snapshot as soon as every member can still be told in time.</summary>
    private async Task RetryAsync()
    {
        _wantsRetry = false;
        var plan = Generation.Plan!;
        var at = Generation.Reached.Iteration + 2 + (long)Math.Ceiling(IterationsPerSecond());
        // The next one that is due anyway is as good.
        if (at >= Generation.Shape.Iterations || Schedule.NextAfter(Generation.Reached.Iteration) <= at) return;
        var message = new WireMessage(new CoordinatorMessage
        {
            Epoch = Epoch,
            Cluster = _cluster.Id,
            Authority = $"run/{Name}",
            TakeSnapshot = new() { Run = Name, Generation = plan.Id.Number, Attempt = new SnapshotNumber(plan.Id, at).Value, AtIteration = at },
        });
        foreach (var member in plan.Members) await GrainFactory.GetGrain<IWorkerGrain>(member.Worker.Value).TellAsync($"TakeSnapshot {Name} {at}", message);
    }

    /// <summary>Nobody holds the run any more: what could still be gone back to while somebody did goes by the rules now.</summary>
    private async Task SettleAsync()
    {
        _settledFor = Generation.Generation;
        await RetainAsync(protectsAgreed: false);
    }

    private async Task RetainAsync(bool protectsAgreed)
    {
        try
        {
            // What is being measured may turn out to be the best.
            var kept = State.Measuring.Select(key => key.Snapshot).ToHashSet();
            if (protectsAgreed) kept.UnionWith(Generation.Snapshots.Select(position => State.Snapshots.GetValueOrDefault(position.Iteration, "")));
            // As may what another value is judged by, which comes before it in training, but not in time.
            var first = _spec!.Metrics is [var best, ..] ? best : null;
            if (State.Unjudged.Count > 0) kept.UnionWith((await FactsAsync(first)).Keys.Where(known => known.Metric is not null).Select(known => known.Name));
            var deleted = await Store().RetainAsync(RetentionPolicy.Of(_spec), first, CancellationToken.None, name => kept.Contains(name.ToString()));
            foreach (var name in deleted) Forget(name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var at = Schedule.ImagesAt(Generation.Reached.Iteration);
            Log(new SnapshotFailed(Now, at.Kimg, at.ToString(), $"old snapshots could not be deleted ({error.Message})"));
        }
    }

    private async Task DiscardAsync(Position after)
    {
        foreach (var (iteration, name) in State.Snapshots.Where(snapshot => snapshot.Key > after.Iteration).ToList())
        {
            if (SnapshotName.TryParse(name) is not { } parsed) continue;
            await Store().DeleteAsync(parsed, CancellationToken.None);
            Forget(parsed);
        }

        State.SnapshotImages = State.Snapshots.Keys.Count > 0 ? Schedule.ImagesAt(State.Snapshots.Keys.Max()).Images : null;
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
