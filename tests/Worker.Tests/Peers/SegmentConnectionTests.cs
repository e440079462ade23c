using System.Security.Cryptography;
using Atelier.Protos;
using Atelier.Rpc.Tests.Transport;
using Atelier.Rpc.Transport;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;
using Atelier.Worker.Peers.Links;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Tests.Peers;

/// <summary>Connections for segments whose other end is not as it should be.</summary>
public sealed class SegmentConnectionTests : IAsyncDisposable
{
    private static readonly RingShape Shape = RingShape.ForPeers(ranks: 2);

    private readonly List<IAsyncDisposable> _parts = [];
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Opening_WithATicketOfNobody_IsClosed()
    {
        var server = await StartAsync(new ServerLimits { FirstMessage = TimeSpan.FromMinutes(5) });
        using var connection = await RawConnection.OpenAsync(PortOf(server.Address), Cancellation);

        await connection.SendAsync([.. SegmentAcceptor.Magic, .. RandomNumberGenerator.GetBytes(32)], Cancellation);

        Assert.Empty(await connection.UntilClosedAsync(Cancellation));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(39)]
    public async Task Opening_ThatDoesNotEnd_IsClosed(int bytes)
    {
        var server = await StartAsync(new ServerLimits { FirstMessage = TimeSpan.FromSeconds(1) });
        using var connection = await RawConnection.OpenAsync(PortOf(server.Address), Cancellation);
        byte[] opening = [.. SegmentAcceptor.Magic, .. new byte[32]];

        await connection.SendAsync(opening[..bytes], Cancellation);

        Assert.Empty(await connection.UntilClosedAsync(Cancellation));
    }

    [Fact]
    public async Task Ticket_UsedTwice_LetsOneIn()
    {
        using var meeting = await MeetAsync();
        using var second = await RawConnection.OpenAsync(meeting.Port, Cancellation);

        await second.SendAsync([.. SegmentAcceptor.Magic, .. meeting.Ticket.Span], Cancellation);

        Assert.Empty(await second.UntilClosedAsync(Cancellation));
        Assert.Empty(meeting.Links.Gone);
    }

    [Fact]
    public async Task Call_FromARankThatBreaks_EndsTheGenerationThoughItsConnectionStands()
    {
        using var meeting = await MeetAsync();

        meeting.Call.Dispose();

        Assert.True(UntilGone(meeting.Links));
        await meeting.Links[1].Read.WaitAsync(PeerRanks.Patience, Cancellation);
    }

    [Fact]
    public async Task Call_ToARankThatTakesNothing_EndsWhatIsBeingSentWhenItBreaks()
    {
        using var meeting = await MeetAsync();
        while (meeting.Links.TryReserve(1, out var room))
            meeting.Links.Send(1, room.Length);
        Assert.False(meeting.Links[1].Written.IsCompleted);

        _over.SetException(new IOException("the call breaks"));

        Assert.True(UntilGone(meeting.Links));
        await meeting.Links[1].Written.WaitAsync(PeerRanks.Patience, Cancellation);
    }

    [Fact]
    public async Task Meeting_WhoseConnectionDoesNotCome_EndsTheCall()
    {
        var server = await StartAsync(new ServerLimits { FirstMessage = TimeSpan.FromSeconds(1) });
        using var end = new CancellationTokenSource();
        var (joining, own) = await JoinAsync(server, end.Token);
        using var channel = PeerChannel.To(server.Address, PeerSecurity.None);
        using var call = await CallAsync(channel, own);

        var e = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancellation));

        Assert.Equal((StatusCode.DeadlineExceeded, "opened no data connection within 1 s"), (e.StatusCode, e.Status.Detail));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("a segment that is too long")]
    [InlineData("more segments than there is room for")]
    [InlineData("more given back than was sent")]
    [InlineData("an end within a segment")]
    public async Task Frames_ThatNoRankSends_EndTheGeneration(string what)
    {
        using var meeting = await MeetAsync();
        var segment = new byte[Shape.SegmentBytes];
        byte[] bytes = what switch
        {
            "garbage" => [.. "GET / HTTP/1.1\r\n\r\n"u8],
            "a segment that is too long" => Frame(new FrameHeader(FrameKind.ToAll, Shape.SegmentBytes + 1), [.. segment, 0]),
            "more segments than there is room for" => [.. Enumerable.Repeat(Frame(new FrameHeader(FrameKind.ToOne, 64), segment.AsSpan(0, 64)), Shape.Slots + 1).SelectMany(frame => frame)],
            "more given back than was sent" => Frame(new FrameHeader(FrameKind.None, 0) { ReleasedToOne = 1 }, []),
            _ => Frame(new FrameHeader(FrameKind.ToOne, 64), segment.AsSpan(0, 63)),
        };

        await meeting.Segments.SendAsync(bytes, Cancellation);
        if (what == "an end within a segment")
            meeting.Segments.Dispose();

        Assert.True(UntilGone(meeting.Links), $"{what} was taken");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts)
            await part.DisposeAsync();
    }

    private static bool UntilGone(PeerLinks links)
    {
        while (true)
        {
            int signal = links.Signal;
            if (links.Gone.Count > 0)
                return links.Gone.SequenceEqual([1]);
            links.Wait(signal, PeerRanks.Patience);
        }
    }

    private static int PortOf(PeerAddress address) => new Uri(address.ToString()).Port;

    private static byte[] Frame(FrameHeader head, ReadOnlySpan<byte> segment)
    {
        var bytes = new byte[FrameHeader.Bytes];
        head.Write(bytes);
        return [.. bytes, .. segment];
    }

    private static async Task<AsyncDuplexStreamingCall<Hello, Hello>> CallAsync(GrpcChannel channel, Hello own)
    {
        var call = new Peer.PeerClient(channel).Meet(cancellationToken: Cancellation);
        await call.RequestStream.WriteAsync(own, Cancellation);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        return call;
    }

    private async Task<PeerServer> StartAsync(ServerLimits limits)
    {
        var server = await PeerServer.StartAsync(new PeerOptions(PeerRanks.Tcp) { Limits = limits }, Cancellation);
        _parts.Add(server);
        return server;
    }

    // A rank 1 that meets the server's rank 0 as it should, and has its connection in hand.
    private async Task<Meeting> MeetAsync()
    {
        var server = await StartAsync(new ServerLimits());
        var (joining, own) = await JoinAsync(server, Cancellation);
        var channel = PeerChannel.To(server.Address, PeerSecurity.None);
        var call = await CallAsync(channel, own);
        var ticket = call.ResponseStream.Current.Ticket;
        var segments = await RawConnection.OpenAsync(PortOf(server.Address), Cancellation);
        await segments.SendAsync([.. SegmentAcceptor.Magic, .. ticket.Span], Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        return new Meeting((PeerLinks)await joining, PortOf(server.Address), ticket, segments, call, channel, _over);
    }

    private async Task<(Task<IRankLinks> Joining, Hello Own)> JoinAsync(PeerServer server, CancellationToken cancellation)
    {
        // The system holds little of what goes over a Unix socket.
        var options = new PeerOptions(PeerRanks.Unix);
        var acceptor = new SegmentAcceptor(options);
        var own = new Hello { Run = "run", Generation = 1, Rank = 1, Ranks = 2, SegmentBytes = Shape.SegmentBytes, Slots = Shape.Slots };
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(PeerServer.Meet, async (IAsyncStreamReader<Hello> _, IServerStreamWriter<Hello> responses, ServerCallContext call) =>
            {
                using var ticket = acceptor.Expect();
                await responses.WriteAsync(new Hello(own) { Ticket = ticket.Value }, call.CancellationToken);
                await ticket.Came.WaitAsync(call.CancellationToken);
                await responses.WriteAsync(own, call.CancellationToken);
                await _over.Task.WaitAsync(call.CancellationToken);
            })
            .Build();
        var host = await PeerHost.StartAsync(options, service, acceptor, Cancellation);
        _parts.Add(host);
        return (server.JoinAsync(new PeerMembership("run", 1, 0, [server.Address, host.Address]), Shape, PeerRanks.Patience, TimeProvider.System, cancellation), own);
    }

    private sealed record Meeting(
        PeerLinks Links,
        int Port,
        ByteString Ticket,
        RawConnection Segments,
        AsyncDuplexStreamingCall<Hello, Hello> Call,
        GrpcChannel Channel,
        TaskCompletionSource Over) : IDisposable
    {
        public void Dispose()
        {
            Over.TrySetResult();
            Segments.Dispose();
            Call.Dispose();
            Channel.Dispose();
            Links.Dispose();
        }
    }
}
