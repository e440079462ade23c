using Atelier.Core.Fleet;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.TestKit;
using Atelier.Training.Networks;
using Atelier.Training.Snapshots;
using Atelier.Training.Step;
using Atelier.Worker.Peers.Links;
using Atelier.Worker.Peers.States;
using Atelier.Worker.Peers;
using Atelier.Worker.Session;
using Google.Protobuf;
using Grpc.Core;
using static TorchSharp.torch;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Tests.Peers;

/// <summary>A state on its way from one worker to another.</summary>
public sealed class PeerStateTests : IAsyncDisposable
{
    private static readonly StateVersion Version = new(1, new Position(12, 3));

    private readonly TrajectoryState _held = State(seed: 1, iteration: 12, phases: 3);
    private readonly TrajectoryState _into = State(seed: 2, iteration: 5, phases: 0);
    private readonly List<IAsyncDisposable> _servers = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fetch_AStateInTheMiddleOfAnIteration_ArrivesBitByBit()
    {
        var (source, peer) = (await NetworkAsync(), await NetworkAsync());
        source.Offer("run", new HeldState(Version, _held));

        var received = new List<long>();
        await peer.FetchAsync(source.Address, "run", Version, _into, received.Add, Cancellation);

        Assert.Equal(StateSections.Hash(_held), StateSections.Hash(_into));
        Assert.Equal(3, _into.PhasesDone);
        Assert.Equal(received.Order(), received);
        Assert.Equal(StateSections.Describe(_held).Sum(section => section.Bytes), received[^1]);
    }

    [Theory]
    [InlineData("run", 1, 12, 2)]
    [InlineData("run", 1, 13, 0)]
    [InlineData("run", 0, 12, 3)]
    [InlineData("another", 1, 12, 3)]
    public async Task Fetch_AnotherStateThanIsHeld_IsNotFound(string run, int lineage, long iteration, int phase)
    {
        var (source, peer) = (await NetworkAsync(), await NetworkAsync());
        source.Offer("run", new HeldState(Version, _held));
        var asked = new StateVersion(lineage, new Position(iteration, phase));

        var e = await Assert.ThrowsAsync<PeerStateException>(() => peer.FetchAsync(source.Address, run, asked, _into, received: _ => { }, Cancellation));

        Assert.Equal(PeerStateFault.NotFound, e.Fault);
        Assert.Contains(asked.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Contains(source.Address, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_ByteDamagedOnTheWay_IsFoundByTheHash()
    {
        var address = await ServeAsync(async (chunks, responses, _) =>
        {
            int sent = 0;
            foreach (var chunk in chunks)
                await responses.WriteAsync(sent++ == 1 ? Damaged(chunk) : chunk);
        });

        var e = await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(address));

        Assert.Equal(PeerStateFault.Mismatch, e.Fault);
        Assert.Contains("damaged in transit", e.Message, StringComparison.Ordinal);
        Assert.Contains(StateSections.Hash(_held), e.Message, StringComparison.Ordinal);
        Assert.Equal(5, _into.Iteration); // nobody takes it for the state that was asked for
    }

    [Fact]
    public async Task Fetch_ChunkLeftOut_IsFoundAtOnce()
    {
        var address = await ServeAsync(async (chunks, responses, _) =>
        {
            foreach (var chunk in chunks.Take(1).Concat(chunks.Skip(2)))
                await responses.WriteAsync(chunk);
        });

        Assert.Equal(PeerStateFault.Mismatch, (await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(address))).Fault);
    }

    [Fact]
    public async Task Fetch_StreamThatEndsInTheMiddle_SaysSo()
    {
        var address = await ServeAsync(async (chunks, responses, _) =>
        {
            foreach (var chunk in chunks.Take(3))
                await responses.WriteAsync(chunk);
        });

        var e = await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(address));

        Assert.Equal(PeerStateFault.Mismatch, e.Fault);
        Assert.Contains("stopped before its end", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_WorkerThatDiesInTheMiddle_IsGone()
    {
        var isUnderWay = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var address = await ServeAsync(async (chunks, responses, call) =>
        {
            foreach (var chunk in chunks.Take(3))
                await responses.WriteAsync(chunk);
            isUnderWay.SetResult();
            await UntilCancelledAsync(call.CancellationToken);
        });

        var fetching = FetchAsync(address);
        await isUnderWay.Task.WaitAsync(Cancellation);
        await _servers[^1].DisposeAsync();
        var e = await Assert.ThrowsAsync<PeerStateException>(() => fetching);

        Assert.Equal(PeerStateFault.PeerGone, e.Fault);
        Assert.Contains(address.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_WorkerThatFallsSilent_EndsAtItsDeadline()
    {
        var address = await ServeAsync(async (chunks, responses, call) =>
        {
            await responses.WriteAsync(chunks.First());
            await UntilCancelledAsync(call.CancellationToken);
        });

        var e = await Assert.ThrowsAsync<PeerStateException>(() => FetchAsync(address, TimeSpan.FromMilliseconds(200)));

        Assert.Equal(PeerStateFault.Deadline, e.Fault);
    }

    [Fact]
    public async Task Offer_TakenBackWhileItIsSent_BreaksTheTransferOffAndWaitsForItsEnd()
    {
        // More than the transport takes from a receiver that reads nothing, so that the transfer waits in the middle.
        var held = Zeros(channels: 128);
        held.SetCounters(12, 96, 12, 12, 3);
        var lent = new OfferedState("run", Version, held);
        var server = await PeerServer.StartAsync(new PeerOptions(PeerRanks.Tcp), Cancellation);
        _servers.Add(server);
        var isLent = new TaskCompletionSource<StateLease>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.ServeState((run, version, _) =>
        {
            var lease = lent.Lend(run, version);
            isLent.SetResult(lease!);
            return ValueTask.FromResult(lease);
        });
        using var channel = PeerChannel.To(server.Address, PeerSecurity.None);
        using var call = new Peer.PeerClient(channel).FetchState(new StateRequest { Run = "run", Version = Version.ToMessage() }, cancellationToken: Cancellation);
        var lease = await isLent.Task.WaitAsync(Cancellation);

        lent.Dispose();
        held.Dispose(); // nobody reads it any more

        Assert.True(lease.Withdrawn.IsCancellationRequested);
        Assert.Null(lent.Lend("run", Version));
        // Not with one certain status: Kestrel resets a stream whose write is cancelled in the middle.
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(Cancellation))
            {
            }
        });
    }

    [Fact]
    public async Task Fetch_HaltedOnTheWay_Ends()
    {
        var (source, peer) = (await NetworkAsync(), await NetworkAsync());
        source.Offer("run", new HeldState(Version, _held));
        using var halt = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => peer.FetchAsync(source.Address, "run", Version, _into, _ => halt.Cancel(), halt.Token));
    }

    [Fact]
    public async Task Offer_OfAnotherState_IsWhatIsHeldFromThenOn()
    {
        var (source, peer) = (await NetworkAsync(), await NetworkAsync());
        source.Offer("run", new HeldState(Version, _held));
        using var next = State(seed: 3, iteration: 13, phases: 0);
        var later = new StateVersion(1, new Position(13, 0));
        source.Offer("run", new HeldState(later, next));

        var e = await Assert.ThrowsAsync<PeerStateException>(() => peer.FetchAsync(source.Address, "run", Version, _into, received: _ => { }, Cancellation));
        await peer.FetchAsync(source.Address, "run", later, _into, received: _ => { }, Cancellation);

        Assert.Equal(PeerStateFault.NotFound, e.Fault);
        Assert.Equal(StateSections.Hash(next), StateSections.Hash(_into));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _held.Dispose();
        _into.Dispose();
    }

    // Large enough that sections come in several chunks.
    private static TrajectoryState State(ulong seed, long iteration, int phases)
    {
        var state = Zeros(channels: 32);
        InitialState.Fill(state, seed);
        state.SetCounters(iteration, iteration * 8, iteration, iteration, phases);
        return state;
    }

    private static TrajectoryState Zeros(int channels)
    {
        var shape = new ImageShape(16, 16);
        var generator = new GeneratorConfig(shape, 64, 64, 0, 16 * channels, channels, 2, NetworkArchitecture.Skip);
        return new TrajectoryState(new ModelConfig(generator, new DiscriminatorConfig(shape, 0, 16 * channels, channels, MinibatchGroup: 2)), ScalarType.Float32, CPU);
    }

    private static StateChunk Damaged(StateChunk chunk)
    {
        var bytes = chunk.Data.ToByteArray();
        bytes[bytes.Length / 2] ^= 1;
        return new StateChunk(chunk) { Data = ByteString.CopyFrom(bytes) };
    }

    private async Task<PeerNetwork> NetworkAsync()
    {
        var network = await PeerNetwork.StartAsync(new PeerOptions(PeerRanks.Tcp), Cancellation);
        _servers.Add(network);
        return network;
    }

    private static Task UntilCancelledAsync(CancellationToken cancellation) => new TaskCompletionSource().Task.WaitAsync(cancellation);

    // A worker that sends the state in a way of its own.
    private async Task<PeerAddress> ServeAsync(Func<IEnumerable<StateChunk>, IServerStreamWriter<StateChunk>, ServerCallContext, Task> send)
    {
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(StateChunkFormat.FetchState, (StateRequest request, IServerStreamWriter<StateChunk> responses, ServerCallContext call) =>
                send(StateChunks.Of(_held, request.Version.ToVersion()), responses, call))
            .Build();
        var options = new PeerOptions(PeerRanks.Tcp);
        var host = await PeerHost.StartAsync(options, service, new SegmentAcceptor(options), Cancellation);
        _servers.Add(host);
        return host.Address;
    }

    private Task FetchAsync(PeerAddress address, TimeSpan? patience = null) =>
        PeerStateClient.FetchAsync(address, PeerSecurity.None, "run", Version, _into, patience ?? PeerRanks.Patience, TimeProvider.System, Cancellation);
}
