using System.Net.Sockets;
using System.Security.Authentication;
using Atelier.Rpc.Transport;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers.Links;

/// <summary>One rank's way into a generation: it calls all others and is called by them.</summary>
/// <param name="membership">The generation.</param>
/// <param name="shape">Size and number of slots; the same on all ranks.</param>
/// <param name="security">Certificates and the token.</param>
/// <param name="meetings">Where those who call come in.</param>
internal sealed class PeerJoin(PeerMembership membership, RingShape shape, PeerSecurity security, PeerMeetings meetings)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly PeerCall?[] _calls = new PeerCall?[shape.Ranks];
    private readonly string[] _troubles = new string[shape.Ranks];
    private readonly PeerMeeting _meeting = new(new Hello
    {
        Run = membership.Run,
        Generation = membership.Generation,
        Rank = membership.Rank,
        Ranks = shape.Ranks,
        SegmentBytes = shape.SegmentBytes,
        Slots = shape.Slots,
    });

    private IEnumerable<int> Others => Enumerable.Range(0, shape.Ranks).Where(rank => rank != membership.Rank);

    /// <summary>Meets all others.</summary>
    /// <exception cref="CollectiveException">A rank did not come in time, is in another generation, or does not let this one in.</exception>
    public async Task<IRankLinks> RunAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        meetings.Open(_meeting);
        try
        {
            await AllOrNone.WaitAsync([.. Others.Select(other => CallAsync(other, either.Token)), .. Others.Select(other => _meeting.FromAsync(other).WaitAsync(either.Token))], either).ConfigureAwait(false);
            var segments = Enumerable.Range(0, shape.Ranks).Select(other => other == membership.Rank ? null : _meeting.FromAsync(other).Result).ToList();
            var links = new PeerLinks(membership.Rank, shape, _calls, segments, () => _meeting.Conclude(null));
            _meeting.Conclude(links);
            return links;
        }
        catch (Exception e)
        {
            _meeting.Conclude(null);
            foreach (var call in _calls)
                call?.Dispose();
            if (e is OperationCanceledException && late.IsCancellationRequested)
                throw Late(patience);
            throw;
        }
    }

    private async Task CallAsync(int other, CancellationToken cancellation)
    {
        while (true)
        {
            var channel = PeerChannel.To(membership.Addresses[other], security);
            var call = new PeerCall(channel, new Protos.Peer.PeerClient(channel).Meet(security.Headers, cancellationToken: CancellationToken.None));
            try
            {
                using (cancellation.Register(call.Dispose))
                    call = call with { Segments = await GreetAsync(other, call, cancellation).ConfigureAwait(false) };
                cancellation.ThrowIfCancellationRequested();
                _calls[other] = call;
                return;
            }
            catch (RpcException e)
            {
                call.Dispose();
                cancellation.ThrowIfCancellationRequested();
                if (e.StatusCode == StatusCode.FailedPrecondition)
                    throw Failure(CollectiveFault.Mismatch, [other], $"is refused by rank {other}: {e.Status.Detail}");
                if (PeerChannel.IsDistrust(e))
                    throw Failure(CollectiveFault.Refused, [other], $"and rank {other} do not trust each other: {PeerChannel.Describe(e)}");
                // It does not listen yet, or was not the one that will.
                _troubles[other] = $" ({PeerChannel.Describe(e)})";
            }
            catch (AuthenticationException e) when (!cancellation.IsCancellationRequested)
            {
                call.Dispose();
                throw Failure(CollectiveFault.Refused, [other], $"and rank {other} do not trust each other: {TlsFailure.Describe(e)}");
            }
            catch (Exception e) when (e is IOException or SocketException && !cancellation.IsCancellationRequested)
            {
                call.Dispose();
                _troubles[other] = $" ({e.Message})";
            }
            catch
            {
                call.Dispose();
                // The wait's end disposed it; what was under way then fails in one way or another.
                cancellation.ThrowIfCancellationRequested();
                throw;
            }
            await Task.Delay(Retry, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<SegmentSender> GreetAsync(int other, PeerCall call, CancellationToken cancellation)
    {
        try
        {
            await call.Call.RequestStream.WriteAsync(_meeting.Greeting, CancellationToken.None).ConfigureAwait(false);
            await call.Call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The call has ended already; reading says why.
        }
        var hello = await call.Call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false) ? call.Call.ResponseStream.Current : null;
        if (hello is null || !_meeting.Includes(hello) || hello.Rank != other || !SegmentDoor.IsTicket(hello.Ticket.Span))
            throw Failure(CollectiveFault.Mismatch, [other], $"met somebody else at the place of rank {other}");
        var segments = await SegmentSender.OpenAsync(membership.Addresses[other], security, hello.Ticket.Memory, cancellation).ConfigureAwait(false);
        try
        {
            // It says so when the connection has come to it.
            if (!await call.Call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
                throw new IOException("the call ended before the connection for segments had come");
            return segments;
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }

    private CollectiveException Late(TimeSpan patience)
    {
        List<int> missing = [.. Others.Where(other => _calls[other] is null || !_meeting.FromAsync(other).IsCompletedSuccessfully)];
        string names = string.Join(" and ", missing.Select(other => $"rank {other}{_troubles[other]}"));
        return Failure(CollectiveFault.Deadline, missing, $"waited {patience.TotalSeconds:0.#} s for {names} to come");
    }

    private CollectiveException Failure(CollectiveFault fault, IReadOnlyList<int> ranks, string detail) =>
        new(fault, "joining", membership.Rank, ranks, detail);
}
