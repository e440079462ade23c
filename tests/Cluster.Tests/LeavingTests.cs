using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Workers that are asked to leave when there is hardly anybody left to take over.</summary>
public sealed class LeavingTests : IDisposable
{
    private const string Run = "faces";

    private readonly StandingCluster _cluster = new();

    [Fact]
    public async Task Worker_AskedToLeaveJustBeforeItsCoordinator_IsGoneInTimeAndNothingIsLost()
    {
        _cluster.StartWorkerWith("w0", "--drain-timeout", "10");
        var before = await RunsAsync();

        var left = _cluster.DrainThenStopCoordinator("w0", TimeSpan.FromSeconds(20)).Succeeded();

        Assert.Contains("phases applied", left.Text, StringComparison.Ordinal);
        Assert.True(NewestIteration() >= before.Iteration, $"the newest snapshot is of iteration {NewestIteration()}, the run was at {before.Iteration}");
    }

    [Fact]
    public async Task Worker_AskedToLeaveWithoutACoordinator_SavesWhatItHolds()
    {
        _cluster.StartWorkerWith("w0", "--drain-timeout", "5");
        var before = await RunsAsync();
        _cluster.KillCoordinator();

        var left = _cluster.Drain("w0").Succeeded();

        Assert.Contains("saved snapshot", left.Text, StringComparison.Ordinal);
        Assert.True(NewestIteration() >= before.Iteration);
        long images = NewestIteration() * TinyRun.Batch;
        var alone = AtelierProcess.Run(TinyRun.Train(_cluster.Data, _cluster.Beside, (int)images)).Succeeded();
        Assert.Equal(alone.StateSha256, Newest().GetProperty("state_sha256").GetString());

        // The coordinator finds it, and goes on from there.
        long saved = NewestIteration();
        _cluster.StartReplica(0);
        _cluster.StartWorker("w1");
        await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > saved);
        var events = new EventLog(_cluster.Store);
        Assert.Contains(events.Texts(), text => text.Contains($"starts at iteration {saved} ", StringComparison.Ordinal));
        events.AssertNothingLost();
    }

    public void Dispose() => _cluster.Dispose();

    private async Task<Run> RunsAsync()
    {
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        // No snapshot is due before the worker leaves.
        request.Assignments.AddRange([.. SmallRun.Keys, "snapshot-kimg=900", "kimg=1000"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        return await _cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > 10);
    }

    private System.Text.Json.JsonElement Newest() => AtelierProcess.Run("snapshots", _cluster.Store, "--json").Succeeded().Json.Single().EnumerateArray().Last();

    private long NewestIteration() => (long)Math.Round(Newest().GetProperty("kimg").GetDouble() * 1000) / TinyRun.Batch;
}
