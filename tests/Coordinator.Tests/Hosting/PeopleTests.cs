using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Looking at runs and workers, evicting, cancelling and deleting.</summary>
public sealed class PeopleTests : IAsyncLifetime
{
    /// <summary>Nothing here takes this long, on a machine however busy.</summary>
    private readonly CancellationTokenSource _late = new(TimeSpan.FromMinutes(1));

    private RunningCoordinator _coordinator = null!;

    private CancellationToken Cancellation => _late.Token;

    private Protos.Runs.RunsClient Runs => _coordinator.Runs;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync(fleet: new FleetSettings { EvictedFor = TimeSpan.FromHours(1) });

    public ValueTask DisposeAsync()
    {
        _late.Dispose();
        return _coordinator.DisposeAsync();
    }

    [Fact]
    public async Task Cancel_ARunThatHasComeFurther_SavesFirst()
    {
        await using var worker = await StepAsync("w0");
        worker.TellProgress(3);

        await Runs.CancelAsync(new CancelRequest { Run = "faces" }, cancellationToken: Cancellation);

        await worker.Saves.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task Cancel_WithDiscard_LetsGoWithoutSaving()
    {
        await using var worker = await StepAsync("w0");
        worker.TellProgress(3);

        await Runs.CancelAsync(new CancelRequest { Run = "faces", Discard = true }, cancellationToken: Cancellation);

        await worker.UntilAsync(WorkerStage.Idle, Cancellation);
        Assert.False(worker.Saves.IsCompleted);
    }

    [Fact]
    public async Task Delete_ARunThatTrains_IsRefusedWithItsState()
    {
        await using var worker = await StepAsync("w0");

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await Runs.DeleteAsync(new DeleteRequest { Run = "faces" }, cancellationToken: Cancellation));

        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("running", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_AnEndedRun_IsForgottenAndItsNameIsFree()
    {
        await using var worker = await StepAsync("w0");
        await CancelAsync(worker);

        var deleted = await Runs.DeleteAsync(new DeleteRequest { Run = "faces" }, cancellationToken: Cancellation);

        Assert.Equal(_coordinator.Store("faces"), deleted.RunStore);
        Assert.Empty((await Runs.ListAsync(new ListRequest { IncludeEnded = true }, cancellationToken: Cancellation)).Runs);
        var again = await Assert.ThrowsAsync<RpcException>(async () => await Runs.DeleteAsync(new DeleteRequest { Run = "faces" }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.NotFound, again.StatusCode);
        var next = await Runs.SubmitAsync(_coordinator.Request("faces", "gamma=2"), cancellationToken: Cancellation);
        Assert.False(next.AlreadySubmitted);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        using var watch = Runs.Watch(new WatchRequest { Run = "faces" }, cancellationToken: Cancellation);
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        // Its events begin anew too.
        Assert.InRange(watch.ResponseStream.Current.Event?.Number ?? 0, 0, 3);
    }

    [Fact]
    public async Task Evict_AWorkerOfARun_IsSaidToBothAndKept()
    {
        await using var a = await _coordinator.AttachAsync("a");
        await using var b = await StepAsync("b");
        await UntilAsync(run => run.Status == RunStatus.Running && run.Workers.Count == 2);

        var evicted = await Runs.EvictAsync(new EvictRequest { Worker = "a", Reason = "its fan\nis loud" }, cancellationToken: Cancellation);
        var ended = await a.Ended.WaitAsync(Cancellation);

        Assert.Equal((WorkerStatus.Evicted, "its fan is loud"), (evicted.Status, evicted.Reason));
        Assert.True(evicted.HasReturnsUnixMs);
        Assert.Contains("its fan is loud", ended.Detail, StringComparison.Ordinal);
        await UntilAsync(run => run.Status == RunStatus.Running && run.Workers.Count == 1);
        using var logs = Runs.Logs(new LogsRequest { Run = "faces" }, cancellationToken: Cancellation);
        var lines = new List<LogLine>();
        while (await logs.ResponseStream.MoveNext(Cancellation))
            lines.Add(logs.ResponseStream.Current);
        Assert.Contains(lines, line => line is { Worker: "coordinator", Text: "a was evicted: its fan is loud" });
        var workers = (await Runs.ListWorkersAsync(new ListWorkersRequest(), cancellationToken: Cancellation)).Workers;
        Assert.Equal([("a", WorkerStatus.Evicted, ""), ("b", WorkerStatus.Ready, "faces")], workers.Select(worker => (worker.Name, worker.Status, worker.Run)));
    }

    [Fact]
    public async Task Evict_ForGood_AWorkerThatIsOutForAWhile_DoesNotComeBack()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        Assert.True((await EvictAsync("w0", ban: false)).HasReturnsUnixMs);

        var banned = await EvictAsync("w0", ban: true);

        Assert.False(banned.HasReturnsUnixMs);
    }

    [Theory]
    [InlineData("nobody", "why not", StatusCode.NotFound, "nobody")]
    [InlineData("Nobody", "why not", StatusCode.InvalidArgument, "Nobody")]
    [InlineData("nobody", " ", StatusCode.InvalidArgument, "reason")]
    public async Task Evict_AMistake_IsNamed(string worker, string reason, StatusCode code, string names)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await Runs.EvictAsync(new EvictRequest { Worker = worker, Reason = reason }, cancellationToken: Cancellation));

        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(names, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_ARun_HasItsPlacesWorkersAndLastEvents()
    {
        await using var worker = await StepAsync("w0");
        await UntilAsync(run => run.Workers.Count == 1);

        var known = await Runs.DescribeAsync(new DescribeRequest { Run = "faces", LastEvents = 2 }, cancellationToken: Cancellation);

        Assert.Equal(("/data", _coordinator.Store("faces")), (known.Places.DataPath, known.Places.RunStore));
        Assert.Equal(("w0", "here", "faces"), (known.Workers[0].Name, known.Workers[0].Host, known.Workers[0].Run));
        Assert.InRange(known.LastEvents.Count, 1, 2);
        Assert.Contains("starts at iteration 0", known.LastEvents[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ARunThatTrains_HasItsRateAndRemainingTime()
    {
        await using var worker = await StepAsync("w0");
        var told = 0;

        // It is asked for no sooner than it is known: the rate is measured whether anybody looks or not.
        var run = await UntilAsync(
            run =>
            {
                worker.TellProgress(++told);
                return run.HasRemainingSeconds;
            });

        Assert.True(run.ImagesPerSecond > 0);
        Assert.InRange(run.RemainingSeconds * run.ImagesPerSecond, 0.9 * (run.TargetImages - run.Images), 1.1 * (run.TargetImages - run.Images));
    }

    private async Task<Protos.Worker> EvictAsync(string worker, bool ban) =>
        await Runs.EvictAsync(new EvictRequest { Worker = worker, Reason = "a test", Ban = ban }, cancellationToken: Cancellation);

    private async Task<FakeWorker> StepAsync(string name)
    {
        var worker = await _coordinator.AttachAsync(name);
        await Runs.SubmitAsync(_coordinator.Request("faces"), cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
        return worker;
    }

    private async Task CancelAsync(FakeWorker worker)
    {
        await Runs.CancelAsync(new CancelRequest { Run = "faces", Discard = true }, cancellationToken: Cancellation);
        await worker.UntilAsync(WorkerStage.Idle, Cancellation);
        await UntilAsync(run => run.Status == RunStatus.Cancelled);
    }

    private async Task<Run> UntilAsync(Func<Run, bool> isSo)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await again.WaitForNextTickAsync(Cancellation))
        {
            if (await Runs.GetAsync(new GetRequest { Run = "faces" }, cancellationToken: Cancellation) is { } run && isSo(run))
                return run;
        }
        throw new OperationCanceledException(Cancellation);
    }
}
