using System.Threading.Channels;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Speaks a worker's part of the protocol, and computes nothing: its "states" are versions.</summary>
internal sealed class FakeWorker : IAsyncDisposable
{
    /// <summary>Why it never saves anything.</summary>
    public const string SaveError = "the disk is full";

    private readonly AsyncDuplexStreamingCall<WorkerMessage, CoordinatorMessage> _call;
    private readonly Channel<WorkerMessage> _out = Channel.CreateUnbounded<WorkerMessage>();
    private readonly Task<Status> _ended;
    private readonly Task _sending;
    private readonly TaskCompletionSource _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _saves = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<TakeSnapshot> _takes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name;
    private readonly bool _isStuck;
    private readonly bool _looks;
    private readonly string _trouble;
    private readonly Func<Save, SliceReport>? _save;
    private long _sequence;
    private long _generation;
    private WorkerStage _stage = WorkerStage.Idle;
    private StateVersion? _held;
    private string _run = "";

    /// <param name="fleet">The coordinator.</param>
    /// <param name="name">Its name.</param>
    /// <param name="protocol">The protocol that it speaks.</param>
    /// <param name="digest">What its probe gives.</param>
    /// <param name="headers">Sent with the call.</param>
    /// <param name="isStuck">Whether it never becomes ready for a generation.</param>
    /// <param name="looks">Whether it looks at data that it is asked about.</param>
    /// <param name="trouble">Why it cannot go on in any generation; empty for one that can.</param>
    /// <param name="save">Saves what it holds; null for one whose disk is full.</param>
    public FakeWorker(
        Protos.Fleet.FleetClient fleet, string name, int protocol = FleetSettings.CurrentProtocol, string digest = "right", Metadata? headers = null, bool isStuck = false, bool looks = true, string trouble = "", Func<Save, SliceReport>? save = null)
    {
        (_name, _isStuck, _looks, _trouble, _save) = (name, isStuck, looks, trouble, save);
        _call = fleet.Attach(headers);
        Send(new WorkerMessage { Register = new() { ProtocolVersion = protocol, Worker = name, Incarnation = 1, NumericsSha256 = "same", PeerAddress = $"unix:/tmp/{name}", Host = "here" } });
        _sending = SendAsync();
        _ended = HearAsync(digest);
    }

    /// <summary>The stage that was told last, with its generation; completes anew with each order.</summary>
    public Channel<(WorkerStage Stage, long Generation)> Stages { get; } = Channel.CreateUnbounded<(WorkerStage, long)>();

    /// <summary>Ends when the probe was asked for: from then on the coordinator knows this worker.</summary>
    public Task Probed => _probed.Task;

    /// <summary>Ends when it was asked to look at data.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Ends when it was told to save what it holds.</summary>
    public Task Saves => _saves.Task;

    /// <summary>Ends when it was asked for a snapshot besides those that are due by image count.</summary>
    public Task<TakeSnapshot> Takes => _takes.Task;

    /// <summary>How the stream ended.</summary>
    public Task<Status> Ended => _ended;

    /// <summary>Tells a digest of a state.</summary>
    public void TellDigest(long iteration, string digest) =>
        Send(new WorkerMessage { StateDigest = new() { Run = _run, Version = new() { Iteration = iteration }, DigestSha256 = digest } });

    /// <summary>Tells ticks, a kimg each.</summary>
    public void TellTicks(int count)
    {
        for (int kimg = 1; kimg <= count; kimg++)
            Send(new WorkerMessage { Number = kimg, RunNote = new() { Run = _run, Json = $$$"""{"Progress/kimg":{"num":1,"mean":{{{kimg}}},"std":0}}""", Text = $"tick {kimg}", IsTick = true } });
    }

    /// <summary>Tells that it has computed up to an iteration.</summary>
    public void TellProgress(long iteration)
    {
        _held = new() { Iteration = iteration };
        Turn(_run, _generation, _stage);
    }

    /// <summary>Tells that it is in the middle of a run, as a worker that trained while no coordinator was there.</summary>
    public void TellHeld(string run, long generation, long iteration)
    {
        _held = new() { Iteration = iteration };
        Turn(run, generation, WorkerStage.Stepping);
    }

    /// <summary>Waits until it has come to a stage.</summary>
    /// <returns>The generation.</returns>
    public async Task<long> UntilAsync(WorkerStage stage, CancellationToken cancellation)
    {
        while (true)
        {
            var (reached, generation) = await Stages.Reader.ReadAsync(cancellation);
            if (reached == stage)
                return generation;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _out.Writer.TryComplete();
        _call.Dispose();
        await _ended;
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Send(WorkerMessage message) => _out.Writer.TryWrite(message);

    private async Task SendAsync()
    {
        await foreach (var message in _out.Reader.ReadAllAsync())
            await _call.RequestStream.WriteAsync(message);
    }

    private async Task<Status> HearAsync(string digest)
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
                Obey(_call.ResponseStream.Current, digest);
            return new Status(StatusCode.OK, "");
        }
        catch (RpcException e)
        {
            return e.Status;
        }
        catch (ObjectDisposedException)
        {
            return new Status(StatusCode.Cancelled, $"{_name} left");
        }
    }

    private void Obey(CoordinatorMessage order, string digest)
    {
        switch (order.MessageCase)
        {
            case CoordinatorMessage.MessageOneofCase.ProbeRequest:
                Send(new WorkerMessage { ProbeResult = new() { DigestSha256 = digest } });
                _probed.TrySetResult();
                break;
            case CoordinatorMessage.MessageOneofCase.InspectData:
                _asked.TrySetResult();
                if (_looks)
                    Send(new WorkerMessage { DataFacts = new() { Request = order.InspectData.Request, Width = 16, Height = 16, Images = 100, ContentSha256 = "data" } });
                break;
            case CoordinatorMessage.MessageOneofCase.Warm:
                Send(new WorkerMessage { LeaseRenewal = new() { WarmUp = new() { Run = order.Warm.Run, IsWarm = true } } });
                break;
            case CoordinatorMessage.MessageOneofCase.Halt:
                Turn(order.Halt.Run, order.Halt.Generation, WorkerStage.Halted);
                break;
            case CoordinatorMessage.MessageOneofCase.Prepare when _trouble.Length > 0:
                (_run, _generation, _stage) = (order.Prepare.Run, order.Prepare.Generation, WorkerStage.Preparing);
                Send(new WorkerMessage { RunReport = new() { Run = _run, Sequence = ++_sequence, Generation = _generation, Stage = _stage, Trouble = _trouble } });
                break;
            case CoordinatorMessage.MessageOneofCase.Prepare when _isStuck:
                Turn(order.Prepare.Run, order.Prepare.Generation, WorkerStage.Preparing);
                break;
            case CoordinatorMessage.MessageOneofCase.Prepare:
                _held = order.Prepare.Start;
                Turn(order.Prepare.Run, order.Prepare.Generation, WorkerStage.Ready);
                break;
            case CoordinatorMessage.MessageOneofCase.Go:
                Turn(order.Go.Run, order.Go.Generation, WorkerStage.Stepping);
                break;
            case CoordinatorMessage.MessageOneofCase.Save:
                _saves.TrySetResult();
                Send(new WorkerMessage { SliceReport = _save?.Invoke(order.Save) ?? new() { Run = order.Save.Run, Attempt = order.Save.Attempt, Error = SaveError } });
                break;
            case CoordinatorMessage.MessageOneofCase.TakeSnapshot:
                _takes.TrySetResult(order.TakeSnapshot);
                break;
            case CoordinatorMessage.MessageOneofCase.Release:
                _held = null;
                Turn(order.Release.Run, order.Release.Generation, WorkerStage.Idle);
                break;
        }
    }

    private void Turn(string run, long generation, WorkerStage stage)
    {
        (_run, _generation, _stage) = (run, generation, stage);
        Send(new WorkerMessage { RunReport = new() { Run = _run, Sequence = ++_sequence, Generation = _generation, Stage = _stage, Held = _held } });
        Stages.Writer.TryWrite((stage, generation));
    }
}
