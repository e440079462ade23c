using System.Diagnostics;
using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.TestKit;
using Atelier.Worker.Loop;
using Atelier.Worker.Runs;
using Atelier.Worker.Session;

namespace Atelier.Worker.Tests.Session;

/// <summary>What a worker does on orders, and when there is nobody to give any.</summary>
public sealed class WorkerProcessTests
{
    [Fact]
    public async Task Orders_OfAFreshDatabase_CountAndWhatIsHeldIsReported()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var stream = await worker.Coordinator.NextAsync();
        stream.Epoch = 40;
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 57, limit: 2));
        stream.End();

        worker.Coordinator.Cluster = "two";
        var fresh = await worker.Coordinator.NextAsync();
        var held = await fresh.UntilReportAsync(report => report.Generation == 0);
        Assert.Equal(("run", 2, WorkerStage.Halted, "one"), (held.Run, held.Held.Iteration, held.Stage, held.Cluster));
        Assert.Contains(worker.Said, line => line.Contains("a different cluster", StringComparison.Ordinal));

        // The run of that name, of an epoch and a generation far below.
        await WorkerUnderTest.RunToLimitAsync(fresh, worker.Prepare("run", 1, limit: 3));
        Assert.Equal("two", fresh.Received.Last(message => message.RunReport is not null).RunReport.Cluster);
    }

    [Fact]
    public async Task Orders_OfAFreshDatabaseForAnotherRun_AreCarriedOut()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var stream = await worker.Coordinator.NextAsync();
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 57, limit: 1));
        stream.End();

        worker.Coordinator.Cluster = "two";
        var fresh = await worker.Coordinator.NextAsync();
        await WorkerUnderTest.RunToLimitAsync(fresh, worker.Prepare("another", 1, limit: 1));
        Assert.Contains(worker.Said, line => line.StartsWith("dropping run", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Orders_OfALowerEpoch_CountForAnotherRunAndNotForTheSame()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var stream = await worker.Coordinator.NextAsync();
        stream.Epoch = 7;
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 1, limit: 1));
        await stream.SendAsync(new CoordinatorMessage { Release = new Release { Run = "run", Generation = 2 } });
        stream.Epoch = 3;
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 3, limit: 1) });
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("another", 1, limit: 1));

        Assert.DoesNotContain(stream.Received, message => message.RunReport is { Run: "run", Generation: 3 });
    }

    [Fact]
    public async Task Prepare_AWorkerThatIsWarm_ReadsNothingAgain()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var stream = await worker.Coordinator.NextAsync();
        var order = worker.Prepare("run", 5, limit: 1);
        await stream.SendAsync(new CoordinatorMessage { Warm = new Warm { Run = "run", SpecJson = order.SpecJson, DataPath = order.DataPath, RunStore = order.RunStore } });
        await stream.UntilAsync(message => message.LeaseRenewal?.WarmUp is { Run: "run", IsWarm: true });
        Assert.Equal(1, worker.DataOpened);

        await WorkerUnderTest.RunToLimitAsync(stream, order);
        Assert.Equal(1, worker.DataOpened);
    }

    [Fact]
    public async Task Warm_DataThatCannotBeUsed_SaysWhy()
    {
        await using var worker = await WorkerUnderTest.StartAsync(data: () => throw new IOException("the disk is gone"));
        var stream = await worker.Coordinator.NextAsync();
        var order = worker.Prepare("run", 5, limit: 1);
        await stream.SendAsync(new CoordinatorMessage { Warm = new Warm { Run = "run", SpecJson = order.SpecJson, DataPath = order.DataPath, RunStore = order.RunStore } });

        var told = await stream.UntilAsync(message => message.LeaseRenewal?.WarmUp is { Trouble.Length: > 0 });
        Assert.Contains("the disk is gone", told.LeaseRenewal.WarmUp.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_HaltedWhileDataIsRead_StandsStillAtOnceAndReadsOnFromWhereItWas()
    {
        var images = new GatedImages(TestImages.Source(200, 16));
        using var open = new Opening(images);
        await using var worker = await WorkerUnderTest.StartAsync(data: () => images);
        var stream = await worker.Coordinator.NextAsync();
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 1, limit: 1) });
        images.Permit(40);
        var early = await stream.UntilReportAsync(report => report is { Step: PrepareStep.ReadingData, StepProgress: > 1 });
        Assert.Equal(200, early.StepTotal);
        images.Permit(40);
        await stream.UntilReportAsync(report => report.Step == PrepareStep.ReadingData && report.StepProgress > early.StepProgress);

        await stream.SendAsync(new CoordinatorMessage { Halt = new Halt { Run = "run", Generation = 2 } });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Halted, Generation: 2 });
        Assert.InRange(images.Reads, 1, 80);

        int before = stream.Received.Count;
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 3, limit: 1) });
        await stream.UntilReportAsync(report => report is { Generation: 3, Step: PrepareStep.ReadingData, StepProgress: > 70 }, before);
        Assert.Equal(1, worker.DataOpened);
    }

    [Fact]
    public async Task Release_WhileDataIsRead_EndsTheReading()
    {
        var images = new GatedImages(TestImages.Source(200, 16));
        using var open = new Opening(images);
        await using var worker = await WorkerUnderTest.StartAsync(data: () => images);
        var stream = await worker.Coordinator.NextAsync();
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 1, limit: 1) });
        images.Permit(20);
        await stream.UntilReportAsync(report => report is { Step: PrepareStep.ReadingData, StepProgress: > 1 });
        await stream.SendAsync(new CoordinatorMessage { Release = new Release { Run = "run", Generation = 2 } });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Idle, Generation: 2 });

        images.Permit(1000);
        await images.Closed;
        Assert.InRange(images.Reads, 20, 40);
    }

    [Fact]
    public async Task Prepare_WhoseMembersDoNotCome_WaitsInAStepOfItsOwnUntilAHalt()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var stream = await worker.Coordinator.NextAsync();
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 1, limit: 1, others: "w1") });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Preparing, Step: PrepareStep.MeetingPeers });
        await stream.SendAsync(new CoordinatorMessage { Halt = new Halt { Run = "run", Generation = 2 } });
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Halted, Generation: 2 });

        // A newer order to prepare ends it as well.
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 3, limit: 1, others: "w1") });
        await stream.UntilReportAsync(report => report is { Generation: 3, Step: PrepareStep.MeetingPeers });
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 4, limit: 1));
    }

    [Fact]
    public async Task Drain_WhileItPrepares_StandsStill()
    {
        await using var worker = await WorkerUnderTest.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(2) });
        var stream = await worker.Coordinator.NextAsync();
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 1, limit: 1, others: "w1") });
        await stream.UntilReportAsync(report => report is { Step: PrepareStep.MeetingPeers });

        worker.Drain();
        await stream.UntilReportAsync(report => report is { Stage: WorkerStage.Halted, Generation: 1 });
        await worker.Running;
    }

    [Fact]
    public async Task Drain_NoCoordinatorLeft_SavesTheIterationUnderWayAndLeaves()
    {
        await using var worker = await WorkerUnderTest.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(10) });
        var stream = await worker.Coordinator.NextAsync();
        await stream.SendAsync(new CoordinatorMessage { Prepare = worker.Prepare("run", 1, limit: 1000) });
        await stream.UntilReportAsync(report => report.Stage == WorkerStage.Ready);
        await stream.SendAsync(new CoordinatorMessage { Go = new Go { Run = "run", Generation = 1 } });
        await stream.UntilReportAsync(report => report.Held?.Iteration >= 2);
        await worker.Coordinator.DisposeAsync();
        var clock = Stopwatch.StartNew();
        worker.Drain();

        Assert.Null(await worker.Running);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(12));
        var newest = await NewestAsync(worker.StoreOf("run"));
        Assert.True(newest.Name.At.Images >= 16);
        Assert.Contains(worker.Said, line => line.Contains($"saved snapshot {newest.Name}", StringComparison.Ordinal));
        // The bits of a run that was never interrupted.
        using var folder = new TemporaryFolder();
        LocalRun.Execute(SmallRun.Request(folder["alone"], (int)newest.Name.At.Images), new SilentDisplay(), new StopFlag(), TimeProvider.System);
        Assert.Equal((await NewestAsync(folder["alone"])).Manifest!.StateSha256, newest.Manifest!.StateSha256);
    }

    [Fact]
    public async Task Drain_NoCoordinatorLeftAndASnapshotAsNew_WritesNone()
    {
        await using var worker = await WorkerUnderTest.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(5) });
        var stream = await worker.Coordinator.NextAsync();
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 1, limit: 4));
        LocalRun.Execute(SmallRun.Request(worker.StoreOf("run"), 32), new SilentDisplay(), new StopFlag(), TimeProvider.System);
        var before = await NewestAsync(worker.StoreOf("run"));
        await worker.Coordinator.DisposeAsync();
        worker.Drain();

        await worker.Running;
        Assert.Equal(before.Manifest!.Created, (await NewestAsync(worker.StoreOf("run"))).Manifest!.Created);
        Assert.Contains(worker.Said, line => line.Contains("exists", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Drain_NotReleasedInTime_SavesAndLeaves()
    {
        await using var worker = await WorkerUnderTest.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(3) });
        var stream = await worker.Coordinator.NextAsync();
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 1, limit: 3));
        worker.Drain();

        await worker.Running;
        Assert.Equal(24, (await NewestAsync(worker.StoreOf("run"))).Name.At.Images);
        Assert.Contains(worker.Said, line => line.Contains("was not released", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Drain_AnIdleWorker_LeavesAtOnce()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.Coordinator.NextAsync();
        worker.Drain();

        Assert.Null(await worker.Running.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task RunEnded_TheOneRunThatItServes_EndsTheWorkerWithTheReason()
    {
        await using var worker = await WorkerUnderTest.StartAsync(options => options with { OnlyRun = "run" });
        var stream = await worker.Coordinator.NextAsync();
        Assert.Equal("run", stream.Register.OnlyRun);
        await stream.SendAsync(new CoordinatorMessage { RunEnded = new RunEnded { Run = "another", Ending = RunEnding.Failed } });
        await WorkerUnderTest.RunToLimitAsync(stream, worker.Prepare("run", 1, limit: 1));
        await stream.SendAsync(new CoordinatorMessage { RunEnded = new RunEnded { Run = "run", Ending = RunEnding.Failed, Reason = "gradients" } });

        var ended = await worker.Running;
        Assert.Equal((RunEnding.Failed, "gradients"), (ended!.Ending, ended.Reason));
    }

    [Theory]
    [InlineData("NODE-7", 12, "node-7-12")]
    [InlineData("--", 1, "worker-1")]
    [InlineData("gpu_box.example.com", 4194304, "gpu-box-example-com-4194304")]
    [InlineData("a-host-whose-name-is-longer-than-what-a-label-of-kubernetes-may-have-by-far", 12345, "a-host-whose-name-is-longer-than-what-a-label-of-kubernet-12345")]
    public void Name_OfAHost_IsAValidOne(string host, int process, string expected)
    {
        Assert.Equal(expected, WorkerName.Of(host, process));
        Assert.True(FleetName.IsValid(WorkerName.Of(host, process)));
    }

    /// <summary>Lets a worker go that a failed test leaves in the middle of its data.</summary>
    private sealed class Opening(GatedImages images) : IDisposable
    {
        public void Dispose() => images.Permit(1000);
    }

    private static async Task<SnapshotEntry> NewestAsync(string folder) =>
        (await new SnapshotStore(new FolderBlobStore(folder), TimeProvider.System).ListAsync(TestContext.Current.CancellationToken))[^1];
}
