using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>What people are told, over a real connection.</summary>
public sealed class RunsTests : IAsyncLifetime
{
    private RunningCoordinator _coordinator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync();

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    [Theory]
    [InlineData("Faces", "batch=8", StatusCode.InvalidArgument, "lower-case")]
    [InlineData("faces", "bacth=8", StatusCode.InvalidArgument, "batch")]
    [InlineData("faces", "batch=eight", StatusCode.InvalidArgument, "eight")]
    [InlineData("faces", "batch", StatusCode.InvalidArgument, "key=value")]
    public async Task Submit_AMistake_IsNamed(string run, string assignment, StatusCode code, string names)
    {
        await using var worker = await AttachAsync("w0");

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await SubmitAsync(run, assignment));

        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(names, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithoutAWorker_SaysWhatIsMissing()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await SubmitAsync("faces"));

        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("atelier worker", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WorkerThatLeavesWhileItLooksAtTheData_SaysSo()
    {
        var worker = new FakeWorker(_coordinator.Fleet, "w0", looks: false);
        await worker.Probed.WaitAsync(Cancellation);
        var submitting = SubmitAsync("faces");
        await worker.Asked.WaitAsync(Cancellation);
        await worker.DisposeAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => submitting);

        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("w0", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("/data", refused.Status.Detail, StringComparison.Ordinal);
    }

    /// <summary>An hour is half a second here; the run's interval is 200 kimg, which it is far from.</summary>
    [Fact]
    public async Task Run_ThatTrainsForLongWithoutASnapshot_AsksItsWorkersForOne()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(generations: new() { LongestWithoutSnapshot = TimeSpan.FromSeconds(0.5) });
        await using var worker = await coordinator.AttachAsync("w0");
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces"), cancellationToken: Cancellation);
        long generation = await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        worker.TellProgress(iteration: 7);
        var asked = await worker.Takes.WaitAsync(Cancellation);

        Assert.Equal(("faces", generation), (asked.Run, asked.Generation));
        Assert.True(asked.AtIteration > 1, $"at iteration {asked.AtIteration}, which is over");
    }

    [Fact]
    public async Task Get_AnUnknownRun_NotFound()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await _coordinator.Runs.GetAsync(new GetRequest { Run = "nobody" }, cancellationToken: Cancellation));

        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
        Assert.Contains("nobody", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_ThenPause_IsRefusedWithTheState()
    {
        await using var worker = await AttachAsync("w0");
        await SubmitAsync("faces");
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        await _coordinator.Runs.CancelAsync(new CancelRequest { Run = "faces" }, cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Idle, Cancellation);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await _coordinator.Runs.PauseAsync(new PauseRequest { Run = "faces" }, cancellationToken: Cancellation));

        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
    }

    [Fact]
    public async Task Watch_ARunThatIsCancelled_TellsItsEventsAndEnds()
    {
        await using var worker = await AttachAsync("w0");
        await SubmitAsync("faces");
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        using var watch = _coordinator.Runs.Watch(new WatchRequest { Run = "faces" }, cancellationToken: Cancellation);
        await _coordinator.Runs.CancelAsync(new CancelRequest { Run = "faces" }, cancellationToken: Cancellation);

        var updates = new List<WatchUpdate>();
        while (await watch.ResponseStream.MoveNext(Cancellation))
            updates.Add(watch.ResponseStream.Current);

        Assert.Contains(updates, update => update.Event?.Text.Contains("starts at iteration 0", StringComparison.Ordinal) == true);
        Assert.Equal(RunStatus.Cancelled, updates[^1].Run.Status);
    }

    [Fact]
    public async Task Attach_AnotherProtocol_IsRefusedWithBothNumbers()
    {
        await using var worker = new FakeWorker(_coordinator.Fleet, "old", protocol: 0);

        var ended = await worker.Ended.WaitAsync(Cancellation);

        Assert.Equal(StatusCode.FailedPrecondition, ended.StatusCode);
        Assert.Contains("protocol version 0", ended.Detail, StringComparison.Ordinal);
        Assert.Contains($"{FleetSettings.CurrentProtocol}", ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attach_AnotherProbeDigest_IsEvictedWithBoth()
    {
        await using var right = await AttachAsync("right");
        await SubmitAsync("faces");
        await right.UntilAsync(WorkerStage.Stepping, Cancellation);
        await using var wrong = new FakeWorker(_coordinator.Fleet, "wrong", digest: "other");

        var ended = await wrong.Ended.WaitAsync(Cancellation);

        Assert.Equal(StatusCode.PermissionDenied, ended.StatusCode);
        Assert.Contains("other", ended.Detail, StringComparison.Ordinal);
        Assert.Contains("right", ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Digests_OfOneDiffer_ItIsEvictedAndNamed()
    {
        await using var a = await AttachAsync("a");
        await using var b = await AttachAsync("b");
        await using var c = await AttachAsync("c");
        await SubmitAsync("faces");
        await UntilAllRunAsync(3);

        a.TellDigest(10, "x");
        b.TellDigest(10, "x");
        c.TellDigest(10, "damaged");
        var ended = await c.Ended.WaitAsync(Cancellation);

        Assert.Contains("damaged", ended.Detail, StringComparison.Ordinal);
        Assert.Contains("c ", ended.Detail, StringComparison.Ordinal);
        await UntilAllRunAsync(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task Pause_WhileAGenerationIsPrepared_WhatTheSaverSaysIsHeard()
    {
        await using var first = await AttachAsync("first");
        await SubmitAsync("faces");
        await first.UntilAsync(WorkerStage.Stepping, TestContext.Current.CancellationToken);
        first.TellProgress(3);
        await using var second = new FakeWorker(_coordinator.Fleet, "second", isStuck: true);
        await second.UntilAsync(WorkerStage.Preparing, Cancellation);

        await _coordinator.Runs.PauseAsync(new PauseRequest { Run = "faces" }, cancellationToken: Cancellation);

        using var watch = _coordinator.Runs.Watch(new WatchRequest { Run = "faces" }, cancellationToken: Cancellation);
        do
            Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        while (watch.ResponseStream.Current.Event?.Text.Contains(FakeWorker.SaveError, StringComparison.Ordinal) != true);
    }

    /// <summary>One mistake in a submission (its data is not there, say) costs no worker.</summary>
    [Fact]
    public async Task Run_ThatNoWorkerCanPrepare_FailsWithTheReasonAndTheWorkersStay()
    {
        await using var a = await AttachAsync("a", trouble: "/data: there is no such folder");
        await using var b = await AttachAsync("b", trouble: "/data: there is no such folder");
        await SubmitAsync("faces");

        var run = await _coordinator.UntilStatusAsync("faces", RunStatus.Failed);

        Assert.Contains("there is no such folder", run.Reason, StringComparison.Ordinal);
        Assert.False(a.Ended.IsCompleted);
        Assert.False(b.Ended.IsCompleted);
        // They serve the next run.
        await using var able = await AttachAsync("able");
        await SubmitAsync("cars");
        await able.UntilAsync(WorkerStage.Stepping, Cancellation);
    }

    [Fact]
    public async Task Run_ThatOneWorkerCannotPrepare_GoesOnWithoutIt()
    {
        await using var unable = await AttachAsync("a", trouble: "out of memory");
        await using var able = await AttachAsync("b");
        await SubmitAsync("faces");

        await UntilAllRunAsync(1);

        Assert.False(unable.Ended.IsCompleted);
    }

    /// <summary>What workers reached while no coordinator was there does not count as reached since.</summary>
    [Fact]
    public async Task Get_AfterTheCoordinatorWasReplaced_TellsTheRateSince()
    {
        await using (var worker = await AttachAsync("w0"))
        {
            await SubmitAsync("faces");
            await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
            worker.TellProgress(1);
            await UntilAsync(run => run.Iteration == 1);
            await _coordinator.ReplaceAsync();
        }

        await using var back = new FakeWorker(_coordinator.Fleet, "w0");
        back.TellHeld("faces", 1, 5000);
        await UntilAsync(run => run.Iteration == 5000);
        back.TellHeld("faces", 1, 5001);

        var known = await UntilAsync(run => run.ImagesPerSecond > 0);
        Assert.InRange(known.ImagesPerSecond, 0, 100);
    }

    /// <summary>A fleet that knows the last runs only: of one that it forgot, and whose name is used again, nothing lives on.</summary>
    [Fact]
    public async Task Submit_TheNameOfARunThatWasForgotten_BeginsAnew()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(fleet: new() { EndedRunsKnown = 1 });
        await using var worker = await coordinator.AttachAsync("w0");
        foreach (var run in (string[])["faces", "cars"])
        {
            await coordinator.Runs.SubmitAsync(coordinator.Request(run), cancellationToken: Cancellation);
            await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
            await coordinator.Runs.CancelAsync(new CancelRequest { Run = run, Discard = true }, cancellationToken: Cancellation);
            await worker.UntilAsync(WorkerStage.Idle, Cancellation);
        }

        await coordinator.Runs.SubmitAsync(coordinator.Request("birds"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        await Assert.ThrowsAsync<RpcException>(async () => await coordinator.Runs.GetAsync(new GetRequest { Run = "faces" }, cancellationToken: Cancellation));
        await coordinator.Runs.CancelAsync(new CancelRequest { Run = "birds", Discard = true }, cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Idle, Cancellation);
        await coordinator.Runs.SubmitAsync(coordinator.Request("faces"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);

        var faces = await coordinator.Runs.DescribeAsync(new DescribeRequest { Run = "faces", LastEvents = 100 }, cancellationToken: Cancellation);
        Assert.Equal(RunStatus.Running, faces.Run.Status);
        Assert.Equal(1, faces.Run.Generation);
    }

    private Task<Run> UntilAsync(Func<Run, bool> isSo) => _coordinator.UntilAsync("faces", isSo);

    private Task<Run> UntilAllRunAsync(int workers) => UntilAsync(run => run.Status == RunStatus.Running && run.Workers.Count == workers);

    private Task<FakeWorker> AttachAsync(string name, string trouble = "") => _coordinator.AttachAsync(name, trouble);

    private async Task SubmitAsync(string run, params string[] assignments) =>
        await _coordinator.Runs.SubmitAsync(_coordinator.Request(run, assignments), cancellationToken: Cancellation);
}
