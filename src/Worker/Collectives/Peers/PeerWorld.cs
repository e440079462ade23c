using Atelier.Worker.Collectives.Links;
using Grpc.Core;
using Grpc.Net.Client;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>Processes, on one host or several, that reduce over gRPC: one stream between each two.</summary>
/// <param name="Run">The run's name; ranks of another are refused.</param>
/// <param name="Generation">The run's generation, as the run.</param>
/// <param name="Addresses">Where each rank listens, by rank.</param>
public sealed record PeerWorld(string Run, long Generation, IReadOnlyList<PeerAddress> Addresses)
{
    private const int SegmentBytes = 1 << 18;
    private const int Slots = 8;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    /// <summary>Joins: a stream with all other ranks.</summary>
    /// <param name="server">Listens at this rank's address; disposed with the links, or if joining fails.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CollectiveException">A rank did not come in time, or another world is at its address.</exception>
    public Task<IRankLinks> JoinAsync(PeerServer server, int rank, TimeSpan patience, TimeProvider time, CancellationToken cancellation) =>
        JoinAsync(server, rank, new RingShape(Addresses.Count, SegmentBytes, Slots), patience, time, cancellation);

    /// <summary>Joins with segments of another size than is good.</summary>
    internal async Task<IRankLinks> JoinAsync(PeerServer server, int rank, RingShape shape, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var connections = new Connections(server, [.. Addresses.Take(rank).Select(address => address.Connect(shape.SegmentBytes + PeerFrameFormat.MostOverhead))]);
        var meeting = new PeerMeeting(new Hello
        {
            Run = Run,
            Generation = Generation,
            Rank = rank,
            Ranks = shape.Ranks,
            SegmentBytes = shape.SegmentBytes,
            Slots = shape.Slots,
        });
        List<int> others = [.. Enumerable.Range(0, shape.Ranks).Where(other => other != rank)];
        try
        {
            server.Open(meeting);
            var calls = connections.Channels.Select((channel, lower) => CallAsync(channel, meeting, rank, lower, either.Token));
            await AllOrNoneAsync([.. calls, .. others.Select(other => meeting.WithAsync(other).WaitAsync(either.Token))], either).ConfigureAwait(false);
            var streams = Enumerable.Range(0, shape.Ranks).Select(other => other == rank ? null : meeting.WithAsync(other).Result).ToList();
            var links = new PeerLinks(rank, shape, streams, connections);
            meeting.Conclude(links);
            return links;
        }
        catch (Exception e)
        {
            meeting.Conclude(null);
            await connections.DisposeAsync().ConfigureAwait(false);
            List<int> missing = [.. others.Where(other => !meeting.WithAsync(other).IsCompletedSuccessfully)];
            if (e is OperationCanceledException && late.IsCancellationRequested)
                throw Failure(CollectiveFault.Deadline, rank, missing, $"waited {patience.TotalSeconds:0.#} s for rank {string.Join(" and rank ", missing)} to come");
            throw;
        }
    }

    // When one fails, the others are ended and waited for, and the first failure tells.
    private static async Task AllOrNoneAsync(List<Task> meetings, CancellationTokenSource end)
    {
        Task? failed = null;
        await foreach (var meeting in Task.WhenEach(meetings).ConfigureAwait(false))
        {
            if (meeting.IsCompletedSuccessfully)
                continue;
            failed ??= meeting;
            await end.CancelAsync().ConfigureAwait(false);
        }
        if (failed is not null)
            await failed.ConfigureAwait(false);
    }

    private static async Task CallAsync(GrpcChannel channel, PeerMeeting meeting, int rank, int other, CancellationToken cancellation)
    {
        var invoker = channel.CreateCallInvoker();
        while (true)
        {
            var call = invoker.AsyncDuplexStreamingCall(PeerFrameFormat.Exchange, null, default);
            using (cancellation.Register(call.Dispose))
            {
                try
                {
                    if (await meeting.GreetAsync(other, new PeerStream(call.ResponseStream, call.RequestStream, call.RequestStream.CompleteAsync, call.Dispose)).ConfigureAwait(false))
                        return;
                    throw Failure(CollectiveFault.Mismatch, rank, [other], $"met somebody else at the place of rank {other}");
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
                {
                    throw Failure(CollectiveFault.Mismatch, rank, [other], $"is refused by rank {other}: {e.Status.Detail}");
                }
                catch (RpcException)
                {
                    // It does not listen yet, or was not the one that will.
                    cancellation.ThrowIfCancellationRequested();
                }
            }
            await Task.Delay(Retry, cancellation).ConfigureAwait(false);
        }
    }

    private static CollectiveException Failure(CollectiveFault fault, int rank, IReadOnlyList<int> ranks, string detail) =>
        new(fault, "joining", rank, ranks, detail);

    /// <summary>What the streams of a rank go over.</summary>
    private sealed record Connections(PeerServer Server, IReadOnlyList<GrpcChannel> Channels) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var channel in Channels)
                channel.Dispose();
            await Server.DisposeAsync().ConfigureAwait(false);
        }
    }
}
