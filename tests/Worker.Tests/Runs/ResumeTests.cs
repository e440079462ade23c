using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.TestKit;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>What a changed spec, a damaged snapshot and a full disk do to a run that goes on.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Execute_OtherArchitecture_RefusedWithBothValues()
    {
        Run(32);

        var error = Assert.Throws<UserErrorException>(() => Run(64, "channel-max=16"));

        Assert.Contains("channel-max 16", error.Message, StringComparison.Ordinal);
        Assert.Contains("8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_OtherGamma_BeginsABranch()
    {
        Run(32);
        var branched = Run(64, "gamma=3");
        Assert.Equal(1u, RunRecord.TryLoad(new RunFolder(_folder["run"]))!.Branch);
        var begun = File.ReadAllLines(new RunFolder(_folder["run"]).Events).Single(line => line.Contains("branch-begun", StringComparison.Ordinal));
        Assert.Contains("gamma", begun, StringComparison.Ordinal);
        Assert.DoesNotContain("kimg 0", begun, StringComparison.Ordinal); // a longer run is no reason for a branch

        var again = Run(64, "gamma=3");
        Assert.Equal(branched.StateSha256, again.StateSha256);
    }

    [Fact]
    public void Execute_FreeChange_KeepsTheBranchAndTheState()
    {
        Run(32);
        var changed = Run(64, "tick-kimg=0.016", "keep-last=2");

        Assert.Equal(0u, RunRecord.TryLoad(new RunFolder(_folder["run"]))!.Branch);
        Assert.Equal(LocalRun.Execute(SmallRun.Request(_folder["alone"], 64), new SilentDisplay(), new StopFlag(), TimeProvider.System).StateSha256, changed.StateSha256);
    }

    [Fact]
    public void Execute_FlippedByteInTheNewestSnapshot_UsesThePreviousAndSaysBoth()
    {
        var whole = Run(64);
        var newest = Directory.GetFiles(Path.Combine(new RunFolder(_folder["run"]).Snapshots, "000000.064"), "*.safetensors").Single();
        var bytes = File.ReadAllBytes(newest);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(newest, bytes);

        var display = new SilentDisplay();
        var resumed = LocalRun.Execute(SmallRun.Request(_folder["run"], 64), display, new StopFlag(), TimeProvider.System);

        Assert.Contains(display.Lines, line => line.Contains("000000.064", StringComparison.Ordinal) && line.Contains("000000.032", StringComparison.Ordinal));
        Assert.Equal(32, resumed.ShownNow);
        Assert.Equal(whole.StateSha256, resumed.StateSha256);
    }

    [Fact]
    public void Execute_SnapshotsCannotBeWritten_TrainingGoesOnAndSaysSo()
    {
        Run(32);
        // A file where the next snapshot's folder has to be: no snapshot can be written there, by root neither.
        File.WriteAllText(Path.Combine(new RunFolder(_folder["run"]).Snapshots, "000000.064"), "");

        var display = new SilentDisplay();
        var outcome = LocalRun.Execute(SmallRun.Request(_folder["run"], 96), display, new StopFlag(), TimeProvider.System);

        Assert.Equal(LoopEnd.Finished, outcome.End);
        Assert.Contains(display.Lines, line => line.Contains("could not be written", StringComparison.Ordinal) && line.Contains("training continues", StringComparison.Ordinal));
        Assert.True(Directory.Exists(Path.Combine(new RunFolder(_folder["run"]).Snapshots, "000000.032")));
        Assert.True(Directory.Exists(Path.Combine(new RunFolder(_folder["run"]).Snapshots, "000000.096")));
    }

    [Fact]
    public void Execute_FolderInUse_RefusedBeforeAnythingChanges()
    {
        using var held = RunLock.Take(new RunFolder(_folder["run"]));

        var error = Assert.Throws<UserErrorException>(() => Run(32));

        Assert.Contains("another process", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(new RunFolder(_folder["run"]).Record));
    }

    [Fact]
    public void Execute_MoreWorkersThanShards_Refused()
    {
        var error = Assert.Throws<UserErrorException>(() => LocalRun.Execute(
            SmallRun.Request(_folder["run"], 32) with { Workers = 5 }, new SilentDisplay(), new StopFlag(), TimeProvider.System));

        Assert.Contains("4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_ResumeWithoutARecipe_KeepsTheRunsSpec()
    {
        Run(32);
        using var prepared = RunPreparation.Prepare(SmallRun.Request(_folder["run"], 32) with { Recipe = null, Overrides = [] }, TimeProvider.System);

        Assert.Empty(prepared.Changes);
        Assert.Equal(8, prepared.Record.Spec.Batch);
    }

    public void Dispose() => _folder.Dispose();

    private RunOutcome Run(int images, params string[] set) =>
        LocalRun.Execute(SmallRun.Request(_folder["run"], images, set), new SilentDisplay(), new StopFlag(), TimeProvider.System);
}
