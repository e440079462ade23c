using System.Diagnostics;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Bench;

/// <summary>Workers that speak the protocol over real streams but compute nothing, to load a coordinator.</summary>
internal sealed class FakeFleet : IDisposable
{
    /// <summary>Workers per connection.</summary>
    private const int StreamsPerConnection = 50;

    private readonly IReadOnlyList<string> _addresses;
    private readonly List<Grpc.Net.Client.GrpcChannel> _channels = [];
    private readonly List<Worker> _workers = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private volatile string _lastFailure = "";
    private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="addresses">The coordinators, which take turns.</param>
    public FakeFleet(IReadOnlyList<string> addresses) => _addresses = addresses;

    /// <summary>Whether workers tell of progress with every report, one iteration a time, instead of standing still.</summary>
    public bool Advances { get; set; }

    /// <summary>Attaches more workers.</summary>
    public void Attach(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (_workers.Count % StreamsPerConnection == 0)
                _channels.Add(CoordinatorChannel.Open(_addresses[_channels.Count % _addresses.Count], null));
            var worker = new Worker($"fake-{_workers.Count}", this);
            lock (_gate)
                _workers.Add(worker);
            _ = worker.RunAsync(_channels[^1].CreateCallInvoker(), _end.Token);
        }
    }

    /// <summary>Waits until all are in a stage of one generation, the same or a later one than given.</summary>
    /// <param name="stage">The stage, or a later one.</param>
    /// <param name="generation">The earliest generation.</param>
    /// <param name="patience">How long at most.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    public async Task UntilAllAsync(WorkerStage stage, long generation, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Task reached;
            lock (_gate)
            {
                if (_workers.TrueForAll(worker => worker.Stage >= stage && worker.Generation >= generation))
                    return;
                reached = _reached.Task;
            }
            var left = patience - clock.Elapsed;
            if (left <= TimeSpan.Zero)
                throw new TimeoutException($"after {patience.TotalSeconds} s, {_workers.Count(worker => worker.Stage >= stage && worker.Generation >= generation)} of {_workers.Count} workers are {stage} in generation {generation}{_lastFailure}");
            await Task.WhenAny(reached, Task.Delay(left, _end.Token));
        }
    }

    /// <summary>The latest generation assigned to any worker.</summary>
    public long Generation
    {
        get
        {
            lock (_gate)
                return _workers.Max(worker => worker.Generation);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _channels.ForEach(channel => channel.Dispose());
        _end.Dispose();
    }

    private void Changed()
    {
        lock (_gate)
        {
            _reached.TrySetResult();
            _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class Worker(string name, FakeFleet fleet)
    {
        private long _sequence;
        private StateVersion? _held;

        public WorkerStage Stage { get; private set; }

        public long Generation { get; private set; }

        public async Task RunAsync(CallInvoker coordinator, CancellationToken end)
        {
            try
            {
                using var call = coordinator.AsyncDuplexStreamingCall(FakeAttach.Method, null, new CallOptions(cancellationToken: end));
                var writing = new SemaphoreSlim(1);
                async Task SendAsync(WorkerMessage message)
                {
                    await writing.WaitAsync(end);
                    try
                    {
                        await call.RequestStream.WriteAsync(message, end);
                    }
                    finally
                    {
                        writing.Release();
                    }
                }
                await SendAsync(new WorkerMessage
                {
                    Register = new() { ProtocolVersion = FleetSettings.CurrentProtocol, Worker = name, Incarnation = 1, NumericsSha256 = "fake", PeerAddress = $"unix:/nowhere/{name}", Host = "fake" },
                });
                _ = RenewAsync(SendAsync, end);
                while (await call.ResponseStream.MoveNext(end))
                {
                    if (Answer(call.ResponseStream.Current) is { } answer)
                        await SendAsync(answer);
                }
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or ObjectDisposedException)
            {
                // The benchmark has ended; before that, UntilAllAsync reports the missing worker.
                fleet._lastFailure = $"; the last stream that ended was that of {name}: {e.Message}";
            }
        }

        private async Task RenewAsync(Func<WorkerMessage, Task> sendAsync, CancellationToken end)
        {
            using var due = new PeriodicTimer(FleetSettings.DefaultRenewal);
            try
            {
                while (await due.WaitForNextTickAsync(end))
                {
                    if (fleet.Advances && Stage == WorkerStage.Stepping && _held is { } held)
                        _held = new StateVersion(held) { Iteration = held.Iteration + 1 };
                    await sendAsync(_held is null ? new WorkerMessage { LeaseRenewal = new() { Sequence = ++_sequence } } : Report());
                }
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // As above.
            }
        }

        private WorkerMessage? Answer(CoordinatorMessage order)
        {
            switch (order.MessageCase)
            {
                case CoordinatorMessage.MessageOneofCase.ProbeRequest:
                    return new WorkerMessage { ProbeResult = new() { DigestSha256 = "fake" } };
                case CoordinatorMessage.MessageOneofCase.Warm:
                    return new WorkerMessage { LeaseRenewal = new() { Sequence = ++_sequence, WarmUp = new() { Run = order.Warm.Run, IsWarm = true } } };
                case CoordinatorMessage.MessageOneofCase.Halt:
                    return Turn(order.Halt.Generation, WorkerStage.Halted);
                case CoordinatorMessage.MessageOneofCase.Prepare:
                    _held = order.Prepare.Start;
                    return Turn(order.Prepare.Generation, WorkerStage.Ready);
                case CoordinatorMessage.MessageOneofCase.Go:
                    return Turn(order.Go.Generation, WorkerStage.Stepping);
                default:
                    return null;
            }
        }

        private WorkerMessage Turn(long generation, WorkerStage stage)
        {
            (Generation, Stage) = (generation, stage);
            fleet.Changed();
            return Report();
        }

        private WorkerMessage Report() => new()
        {
            RunReport = new() { Run = FleetBenchmark.Run, Sequence = ++_sequence, Generation = Generation, Stage = Stage, Held = _held },
        };
    }
}

/// <summary>
/// The Attach method of fleet.proto without parsing the members of a generation: real workers parse them on their own
/// machines, and a thousand fake ones on this machine would measure little else.
/// </summary>
internal static class FakeAttach
{
    /// <summary>The method.</summary>
    public static Method<WorkerMessage, CoordinatorMessage> Method { get; } = new(
        MethodType.DuplexStreaming, "atelier.v1.Fleet", "Attach",
        new Marshaller<WorkerMessage>((message, context) => context.Complete(message.ToByteArray()), context => WorkerMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        new Marshaller<CoordinatorMessage>((message, context) => context.Complete(message.ToByteArray()), context => Read(context.PayloadAsNewBuffer())));

    private static CoordinatorMessage Read(byte[] bytes)
    {
        using var input = new CodedInputStream(bytes);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            if (WireFormat.GetTagFieldNumber(tag) == CoordinatorMessage.PrepareFieldNumber)
                return new CoordinatorMessage { Prepare = ReadPrepare(input.ReadBytes().CreateCodedInput()) };
            input.SkipLastField();
        }
        return CoordinatorMessage.Parser.ParseFrom(bytes);
    }

    private static Prepare ReadPrepare(CodedInputStream input)
    {
        var prepare = new Prepare();
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case Prepare.GenerationFieldNumber:
                    prepare.Generation = input.ReadInt64();
                    break;
                case Prepare.StartFieldNumber:
                    prepare.Start = StateVersion.Parser.ParseFrom(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
        return prepare;
    }
}
