using System.Diagnostics;
using System.Net.Sockets;
using Atelier.Core;
using Atelier.Protos;
using Atelier.Training.Data;
using Atelier.Worker.Session;
using Grpc.Core;

namespace Atelier.Worker.Tests.Session;

/// <summary>How a worker stays with coordinators that die, freeze, stop and evict.</summary>
public sealed class CoordinatorSessionTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FakeCoordinator> _coordinators = [];
    private readonly Outbox _outbox = new();
    private readonly List<string> _said = [];
    private int _evictions;
    private CoordinatorSession? _session;
    private Task _running = Task.CompletedTask;

    [Fact]
    public async Task Run_AStreamBreaksAndItsCoordinatorIsThere_TheSameOneAgain()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        Run(first.Address, second.Address);
        (await first.NextAsync()).End(new RpcException(new Status(StatusCode.Aborted, "the lease ran out")));

        await first.NextAsync();
        Assert.Equal(0, second.Calls);
    }

    [Fact]
    public async Task Run_ItsCoordinatorIsKilled_AnotherOneWithinATenthOfASecond()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        Run(first.Address, second.Address);
        await first.NextAsync();
        var clock = Stopwatch.StartNew();
        await first.DisposeAsync();

        await second.NextAsync();
        // Generous: it is some milliseconds on an idle machine.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Run_ACoordinatorThatStops_AnotherOneAtOnce()
    {
        var (first, second) = (await StartAsync(), await StartAsync());
        Run(first.Address, second.Address);
        var stream = await first.NextAsync();
        first.Refusal = () => new RpcException(new Status(StatusCode.Unavailable, "this coordinator stops"));
        stream.End(new RpcException(new Status(StatusCode.Unavailable, "this coordinator stops")));

        await second.NextAsync();
        Assert.Equal(2, first.Calls);
    }

    [Fact]
    public async Task Run_ACoordinatorThatIsFrozen_CostsLittleMoreThanASecond()
    {
        var second = await StartAsync();
        string path = FakeCoordinator.NewPath();
        using var frozen = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        frozen.Bind(new UnixDomainSocketEndPoint(path));
        frozen.Listen();
        var clock = Stopwatch.StartNew();
        Run($"unix:{path}", second.Address);

        await second.NextAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        File.Delete(path);
    }

    [Fact]
    public async Task Run_NobodyListens_SaysSoOnceAndTriesOn()
    {
        string path = FakeCoordinator.NewPath();
        Run($"unix:{path}");
        await SaidAsync("cannot reach the coordinator");
        var late = await StartAsync(path);

        await (await late.NextAsync()).UntilAsync(message => message.LeaseRenewal is not null);
        Assert.Single(Said(), line => line.StartsWith("cannot reach the coordinator", StringComparison.Ordinal));
        Assert.Equal(TimeSpan.Zero, _session!.Alone);
    }

    [Fact]
    public async Task Run_ATroubleThatStaysAfterOneThatPassed_IsToldToo()
    {
        string path = FakeCoordinator.NewPath();
        Run($"unix:{path}");
        await SaidAsync("cannot reach the coordinator");
        var late = await StartAsync(path);
        late.Refusal = () => new RpcException(new Status(StatusCode.Unavailable, "the database is away"));

        await SaidAsync($"cannot reach the coordinator at unix:{path} (the database is away)");
        late.Refusal = () => null;

        await late.NextAsync();
        Assert.Single(Said(), line => line.Contains("the database is away", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_AStreamBreaks_WhatWasNotAcknowledgedIsSentAgainInOrder()
    {
        var coordinator = await StartAsync();
        Run(coordinator.Address);
        var stream = await coordinator.NextAsync();
        foreach (string text in (string[])["a", "b", "c"])
            _outbox.Add(new WorkerMessage { RunNote = new RunNote { Run = "run", Text = text } });
        var last = await stream.UntilAsync(message => message.RunNote?.Text == "c");
        var first = stream.Received.First(message => message.RunNote?.Text == "a");
        await stream.SendAsync(new CoordinatorMessage { Acknowledged = new Acknowledged { UpTo = first.Number } });
        // What follows an order over the same stream was said after it was heard.
        await stream.SendAsync(new CoordinatorMessage { InspectData = new InspectData { Request = "heard" } });
        await stream.UntilAsync(message => message.LogLines is not null);
        stream.End();

        var next = await coordinator.NextAsync();
        _outbox.Add(new WorkerMessage { RunNote = new RunNote { Run = "run", Text = "d" } });
        await next.UntilAsync(message => message.RunNote?.Text == "d");
        Assert.Equal(["b", "c", "d"], next.Received.Where(message => message.RunNote is not null).Select(message => message.RunNote.Text));
        Assert.Equal(last.Number, next.Received.Single(message => message.RunNote?.Text == "c").Number);
    }

    [Fact]
    public async Task Run_AWorkerThatLeaves_SaysSoToEveryCoordinator()
    {
        var coordinator = await StartAsync();
        Run(coordinator.Address);
        var stream = await coordinator.NextAsync();
        _outbox.Add(new WorkerMessage { Draining = new Draining { Reason = "asked to stop" } });
        var draining = await stream.UntilAsync(message => message.Draining is not null);
        await stream.SendAsync(new CoordinatorMessage { Acknowledged = new Acknowledged { UpTo = draining.Number } });
        stream.End();

        var next = await coordinator.NextAsync();
        Assert.True((await next.UntilAsync(message => message.Draining is not null)).Number >= draining.Number);
    }

    [Fact]
    public async Task Run_Evicted_WaitsAsLongAsItIsToldAndAttachesAgain()
    {
        var coordinator = await StartAsync();
        Run(coordinator.Address);
        (await coordinator.NextAsync()).End(Evicted("it was silent for 10 min", ("retry-after", "0.05")));

        await coordinator.NextAsync();
        Assert.Equal(1, _evictions);
        Assert.Contains(Said(), line => line.Contains("it was silent for 10 min", StringComparison.Ordinal));
        Assert.False(_running.IsCompleted);
    }

    [Fact]
    public async Task Run_Banned_EndsWithTheReason()
    {
        var coordinator = await StartAsync();
        coordinator.Refusal = () => Evicted("its numbers differ", ("banned", "true"), ("retry-after", "1"));
        Run(coordinator.Address);

        var e = await Assert.ThrowsAsync<UserErrorException>(() => _running);
        Assert.Contains("its numbers differ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ATokenOfAnotherRole_EndsWithTheReason()
    {
        var coordinator = await StartAsync();
        coordinator.Refusal = () => Evicted("this token is people's");
        Run(coordinator.Address);

        await Assert.ThrowsAsync<UserErrorException>(() => _running);
    }

    [Fact]
    public async Task Run_ATokenInTheClearToAnotherHost_IsRefused()
    {
        Run(new WorkerOptions { Name = "w", Coordinators = ["http://192.0.2.1:5000"], Token = new string('t', 40), OpenData = NoData });

        var e = await Assert.ThrowsAsync<UserErrorException>(() => _running);
        Assert.Contains("https://192.0.2.1:5000", e.Message, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var coordinator in _coordinators)
            await coordinator.DisposeAsync();
        _outbox.Dispose();
        _stop.Dispose();
    }

    private static ImageSource NoData(string path) => throw new UserErrorException($"no data at {path}");

    private static RpcException Evicted(string reason, params (string Key, string Value)[] trailers)
    {
        var metadata = new Metadata();
        foreach (var (key, value) in trailers)
            metadata.Add(key, value);
        return new RpcException(new Status(StatusCode.PermissionDenied, reason), metadata);
    }

    private async Task<FakeCoordinator> StartAsync(string? path = null)
    {
        var started = await FakeCoordinator.StartAsync(path);
        _coordinators.Add(started);
        return started;
    }

    private void Run(params string[] coordinators) => Run(new WorkerOptions { Name = "w", Coordinators = coordinators, OpenData = NoData });

    private void Run(WorkerOptions options)
    {
        _session = new CoordinatorSession(options, new Register { Worker = options.Name }, _outbox, () => null, () => null, Hear, () => _evictions++, Say, TimeProvider.System);
        _running = _session.RunAsync(_stop.Token);
    }

    private void Hear(CoordinatorMessage order)
    {
        if (order.InspectData is not null)
            _outbox.Add(new WorkerMessage { LogLines = new LogLines { Lines = { "heard" } } });
    }

    private string[] Said()
    {
        lock (_said)
            return [.. _said];
    }

    private void Say(string line)
    {
        lock (_said)
            _said.Add(line);
    }

    private async Task SaidAsync(string start)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            lock (_said)
            {
                if (_said.Any(line => line.StartsWith(start, StringComparison.Ordinal)))
                    return;
            }
            Assert.True(await pause.WaitForNextTickAsync(_stop.Token));
        }
    }
}
