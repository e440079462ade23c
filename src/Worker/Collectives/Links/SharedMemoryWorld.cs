using System.Net.Sockets;
using Atelier.Worker.Interop;

namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// Processes of one host that reduce through shared memory. They find each other by a name in the kernel's abstract socket
/// namespace; neither the sockets nor the memory leave anything behind, however the processes end.
/// </summary>
/// <param name="Name">Known to these ranks alone, new for every generation; at most 64 letters.</param>
/// <param name="Ranks">Number of ranks.</param>
public sealed record SharedMemoryWorld(string Name, int Ranks)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(5);

    /// <summary>Joins: connects with all other ranks and maps their memory.</summary>
    /// <param name="rank">This rank.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CollectiveException">A rank did not come in time, left, or is of another build.</exception>
    public async Task<IRankLinks> JoinAsync(int rank, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rank, (uint)Ranks);
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var shape = RingShape.For(Ranks);
        var members = new Member?[Ranks];
        try
        {
            var own = MappedMemory.Create("atelier-collective", checked((int)shape.TotalBytes));
            members[rank] = new Member(null, own);
            var hello = new Hello(Hello.Current, rank, shape, own.Descriptor);
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(EndPoint(rank));
            listener.Listen(Ranks);
            var calls = Enumerable.Range(0, rank).Select(lower => CallAsync(lower, hello, members, either.Token));
            await AllOrNone.WaitAsync([AcceptAllAsync(listener, hello, members, either.Token), .. calls], either).ConfigureAwait(false);
            return new SharedMemoryLinks(rank, shape, [.. members.Select(member => member!)]);
        }
        catch (Exception e)
        {
            List<int> missing = [.. Enumerable.Range(0, Ranks).Where(other => members[other] is null)];
            DisposeAll(members);
            string names = string.Join(" and rank ", missing);
            if (e is OperationCanceledException && late.IsCancellationRequested)
                throw Failure(CollectiveFault.Deadline, rank, missing, $"waited {patience.TotalSeconds:0.#} s for rank {names} to come");
            if (e is IOException or SocketException)
                throw Failure(CollectiveFault.PeerGone, rank, missing, $"cannot reach rank {names}: {e.Message}");
            throw;
        }
    }

    private async Task CallAsync(int other, Hello hello, Member?[] members, CancellationToken cancellation)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(EndPoint(other), cancellation).ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
            {
                socket.Dispose();
                await Task.Delay(Retry, cancellation).ConfigureAwait(false);
                continue;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
            if (await GreetAsync(new PeerSocket(socket), hello, cancellation).ConfigureAwait(false) is { } greeted)
            {
                if (greeted.Rank == other)
                {
                    members[other] = greeted.Member;
                    return;
                }
                greeted.Member.Dispose();
            }
            throw Failure(CollectiveFault.Mismatch, hello.Rank, [other], $"met somebody else at the place of rank {other}");
        }
    }

    private static async Task AcceptAllAsync(Socket listener, Hello hello, Member?[] members, CancellationToken cancellation)
    {
        while (members.Skip(hello.Rank + 1).Any(member => member is null))
        {
            if (await AcceptAsync(listener, hello, members, cancellation).ConfigureAwait(false) is { } guest)
                members[guest.Rank] = guest.Member;
        }
    }

    private static async Task<(int Rank, Member Member)?> AcceptAsync(Socket listener, Hello hello, Member?[] members, CancellationToken cancellation)
    {
        var socket = await listener.AcceptAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (await GreetAsync(new PeerSocket(socket), hello, cancellation).ConfigureAwait(false) is { } greeted)
            {
                if (greeted.Rank > hello.Rank && members[greeted.Rank] is null)
                    return greeted;
                greeted.Member.Dispose();
            }
        }
        catch (EndOfStreamException)
        {
            // Somebody who knocked and left; the rank itself may still come.
        }
        return null;
    }

    // The socket goes into the member, or is closed.
    private static async Task<(int Rank, Member Member)?> GreetAsync(PeerSocket peer, Hello own, CancellationToken cancellation)
    {
        Member? member = null;
        try
        {
            var (process, user) = peer.Peer;
            // The name is open to all users of the host; the memory is not.
            if (user != LibC.UserId())
                return null;
            await peer.SendAsync(own, cancellation).ConfigureAwait(false);
            var hello = await peer.ReceiveAsync(cancellation).ConfigureAwait(false);
            if (hello.Magic != own.Magic || hello.Shape != own.Shape || (uint)hello.Rank >= (uint)own.Shape.Ranks)
                return null;
            member = new Member(peer, MappedMemory.Open(process, hello.Descriptor, checked((int)own.Shape.TotalBytes)));
            return (hello.Rank, member);
        }
        finally
        {
            if (member is null)
                peer.Dispose();
        }
    }

    private static void DisposeAll(IEnumerable<Member?> members)
    {
        foreach (var member in members)
            member?.Dispose();
    }

    private static CollectiveException Failure(CollectiveFault fault, int rank, IReadOnlyList<int> ranks, string detail) =>
        new(fault, "joining", rank, ranks, detail);

    // The leading zero makes it an abstract name.
    private UnixDomainSocketEndPoint EndPoint(int rank) => new($"\0atelier/{Name}/{rank}");

    /// <summary>A rank that was met: its socket (none for this rank itself) and its memory.</summary>
    internal sealed record Member(PeerSocket? Socket, MappedMemory Memory) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            Socket?.Dispose();
            ((IDisposable)Memory).Dispose();
        }
    }
}
