using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Workers tell a coordinator that took over of the slices that they wrote last. Of those, snapshots may be gone by then: retention deleted them.</summary>
public sealed class RetoldSlicesTests : IDisposable
{
    private const string Run = "faces";

    private readonly StandingCluster _cluster = new();

    [Fact]
    public async Task Coordinator_ThatHearsOfSlicesOfDeletedSnapshots_LeavesThemAlone()
    {
        _cluster.StartWorker("w0");
        _cluster.StartWorker("w1");
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        request.Assignments.AddRange([.. SmallRun.Keys, "tick-kimg=0.16", "snapshot-kimg=0.16", "keep-last=1", "kimg=1000"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        var before = await _cluster.UntilAsync(Run, run => run.Workers.Count == 2 && run.HasSnapshotImages && run.SnapshotImages > 500);
        // Who wrote with w0 will not tell of it again: another process has its name.
        _cluster.Kill("w1");
        await _cluster.UntilAsync(Run, run => run.Workers.Count == 1);
        _cluster.StartWorker("w1");
        before = await _cluster.UntilAsync(Run, run => run.Workers.Count == 2 && run.SnapshotImages > before.SnapshotImages + 500);
        _cluster.KillCoordinator();
        _cluster.RestartCoordinator();

        await _cluster.UntilAsync(Run, run => run.Workers.Count == 2 && run.HasSnapshotImages && run.SnapshotImages > before.SnapshotImages + 500);
        await _cluster.Runs.PauseAsync(new PauseRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
        await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Paused);

        var events = new EventLog(_cluster.Store);
        var written = events.Of("snapshot-written").Select(line => line.GetProperty("kimg").GetDouble()).ToList();
        Assert.Empty(events.Of("snapshot-failed"));
        Assert.Equal(written.Distinct().Order(), written);
        AtelierProcess.Run("snapshots", _cluster.Store).Succeeded();
    }

    public void Dispose() => _cluster.Dispose();
}
