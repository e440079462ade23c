using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Disks without room: a worker's, and the coordinator's own.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Run = "faces";

    private StandingCluster? _cluster;
    private SmallDisk? _disk;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Snapshot_WithoutRoomOnOneWorker_NamesItAndALaterOneIsWhole()
    {
        Assert.SkipUnless(SmallDisk.Succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", Path.GetTempPath()), "this process may not mount a file system of its own");
        var cluster = _cluster = new StandingCluster();
        var events = new EventLog(cluster.Store);
        Directory.CreateDirectory(cluster.Store);
        cluster.StartWorker("w0");
        // It sees another, small disk where the others see the run's folder.
        cluster.StartWorker("w1", "unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=16k tmpfs \"$0\" && exec \"$@\"", cluster.Store);
        await SubmitAsync(cluster);

        var failed = await cluster.UntilAsync(Run, run => run.Workers.Count == 2 && events.Of("snapshot-failed").Count > 0);
        var later = await cluster.UntilAsync(Run, run => run.Iteration > failed.Iteration + 20);

        string reason = events.Of("snapshot-failed")[0].GetProperty("reason").GetString()!;
        Assert.Contains("w1", reason, StringComparison.Ordinal);
        Assert.Contains("space", reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((failed.Generation, RunStatus.Running), (later.Generation, later.Status)); // training went on
        Assert.False(later.HasSnapshotImages);

        Assert.True(SmallDisk.Succeeds("nsenter", "--target", $"{cluster.ProcessOf("w1")}", "--mount", "umount", "-l", cluster.Store));
        await cluster.UntilAsync(Run, run => run.HasSnapshotImages);
        await cluster.Runs.PauseAsync(new PauseRequest { Run = Run }, cancellationToken: Cancellation);
        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Paused);

        Assert.NotEmpty(events.Of("snapshot-written"));
        AtelierProcess.Run("snapshots", cluster.Store).Succeeded();
        events.AssertNothingLost();
    }

    [Fact]
    public async Task Coordinator_WithoutRoomForItsDatabase_SaysSoAndTheRunGoesOnWhereItWas()
    {
        // Room for the log that SQLite writes ahead.
        var cluster = _cluster = new StandingCluster(folder => _disk = SmallDisk.TryMount(folder, "16m"));
        Assert.SkipWhen(_disk is null, "this process may not mount a file system");
        var events = new EventLog(cluster.Store);
        cluster.StartWorker("w0");
        cluster.StartWorker("w1");
        await SubmitAsync(cluster);
        var before = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);

        _disk.Fill();
        await cluster.UntilSaidAsync(line => line.Contains("full", StringComparison.Ordinal));
        _disk.Free();
        await cluster.UntilSaidAsync(line => line.EndsWith("is available again", StringComparison.Ordinal));
        var after = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > before.Iteration + 50);

        Assert.True(after.Iteration > before.Iteration);
        events.AssertNothingLost();
    }

    public void Dispose()
    {
        _disk?.Dispose(); // first: what is mounted cannot be deleted
        _cluster?.Dispose();
    }

    private static async Task SubmitAsync(StandingCluster cluster)
    {
        await cluster.UntilAttachedAsync();
        // Both from the start: one that is ready sooner would write a whole snapshot alone.
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = cluster.Data, RunStore = cluster.Store, MinWorkers = 2 };
        request.Assignments.AddRange([.. SmallRun.Keys, "tick-kimg=0.08", "snapshot-kimg=0.4", "kimg=1000"]);
        await cluster.Runs.SubmitAsync(request, cancellationToken: Cancellation);
    }
}
