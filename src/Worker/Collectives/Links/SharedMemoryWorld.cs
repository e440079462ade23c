using System.Net.Sockets;
using System.Runtime.InteropServices;
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
    /// <param name="patience">How long to wait for the others.</param>
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
            var handshake = new Handshake(Handshake.Current, rank, shape, own.Descriptor);
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(EndPoint(rank));
            listener.Listen(Ranks);
            var calls = Enumerable.Range(0, rank).Select(lower => CallAsync(lower, handshake, members, either.Token));
            await TaskGroup.AllOrCancelAsync([AcceptAllAsync(listener, handshake, members, either.Token), .. calls], either).ConfigureAwait(false);
            return new SharedMemoryLinks(rank, shape, [.. members.Select(member => member!)]);
        }
        catch (Exception e)
        {
            List<int> missing = [.. Enumerable.Range(0, Ranks).Where(other => members[other] is null)];
            DisposeAll(members);
            string names = string.Join(" and rank ", missing);
            if (e is OperationCanceledException && late.IsCancellationRequested)
                throw Failure(CollectiveFault.Deadline, rank, missing, $"waited {patience.TotalSeconds:0.#} s for rank {names} to connect");
            if (e is IOException or SocketException)
                throw Failure(CollectiveFault.PeerGone, rank, missing, $"cannot reach rank {names}: {e.Message}");
            throw;
        }
    }

    private async Task CallAsync(int other, Handshake handshake, Member?[] members, CancellationToken cancellation)
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
            if (await GreetAsync(new PeerSocket(socket), handshake, cancellation).ConfigureAwait(false) is { } greeted)
            {
                if (greeted.Rank == other)
                {
                    members[other] = greeted.Member;
                    return;
                }
                greeted.Member.Dispose();
            }
            throw Failure(CollectiveFault.Mismatch, handshake.Rank, [other], $"expected rank {other} but another process answered");
        }
    }

    private static async Task AcceptAllAsync(Socket listener, Handshake handshake, Member?[] members, CancellationToken cancellation)
    {
        while (members.Skip(handshake.Rank + 1).Any(member => member is null))
        {
            if (await AcceptAsync(listener, handshake, members, cancellation).ConfigureAwait(false) is { } guest)
                members[guest.Rank] = guest.Member;
        }
    }

    private static async Task<(int Rank, Member Member)?> AcceptAsync(Socket listener, Handshake handshake, Member?[] members, CancellationToken cancellation)
    {
        var socket = await listener.AcceptAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (await GreetAsync(new PeerSocket(socket), handshake, cancellation).ConfigureAwait(false) is { } greeted)
            {
                if (greeted.Rank > handshake.Rank && members[greeted.Rank] is null)
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
    private static async Task<(int Rank, Member Member)?> GreetAsync(PeerSocket peer, Handshake own, CancellationToken cancellation)
    {
        Member? member = null;
        try
        {
            var (process, user) = peer.Peer;
            // The name is open to all users of the host; the memory is not.
            if (user != LibC.UserId())
                return null;
            await peer.SendAsync(own, cancellation).ConfigureAwait(false);
            var handshake = await peer.ReceiveAsync(cancellation).ConfigureAwait(false);
            if (handshake.Magic != own.Magic || handshake.Shape != own.Shape || (uint)handshake.Rank >= (uint)own.Shape.Ranks)
                return null;
            member = new Member(peer, MappedMemory.Open(process, handshake.Descriptor, checked((int)own.Shape.TotalBytes)));
            return (handshake.Rank, member);
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

/// <summary>Links between processes of one host; <see cref="SharedMemoryWorld"/> makes them.</summary>
internal sealed class SharedMemoryLinks : RingLinks
{
    private readonly IReadOnlyList<SharedMemoryWorld.Member> _members;
    private readonly Task[] _watches;

    /// <summary>Links with the members of a world, by rank.</summary>
    public SharedMemoryLinks(int rank, RingShape shape, IReadOnlyList<SharedMemoryWorld.Member> members)
        : base(rank, shape, [.. members.Select(member => member.Memory.Memory)], members.Select(member => new FutexDoorbell(member.Memory)))
    {
        _members = members;
        _watches = [.. members.Select((member, other) => member.Socket is { } socket ? WatchAsync(other, socket) : Task.CompletedTask)];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        foreach (var member in _members)
            member.Socket?.Dispose();
        // They ring this rank's bell, which lies in the memory that goes next.
        Task.WaitAll(_watches);
        foreach (var member in _members)
            member.Dispose();
    }

    private async Task WatchAsync(int other, PeerSocket socket)
    {
        await socket.BrokenAsync().ConfigureAwait(false);
        MarkGone(other);
    }
}

/// <summary>
/// The Unix socket between two ranks. It carries one message each way and is then kept for one thing: it breaks when a
/// process ends, whatever ended it.
/// </summary>
/// <param name="socket">Connected; disposed with this.</param>
internal sealed class PeerSocket(Socket socket) : IDisposable
{
    // SOL_SOCKET and SO_PEERCRED, as asm-generic/socket.h has them.
    private const int SocketLevel = 1, PeerCredentials = 17;

    /// <summary>The process at the other end, and its user, as the kernel knows them.</summary>
    public (int Process, int User) Peer
    {
        get
        {
            Span<int> credentials = stackalloc int[3];
            socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials));
            return (credentials[0], credentials[1]);
        }
    }

    /// <summary>Sends what this rank is.</summary>
    public async Task SendAsync(Handshake handshake, CancellationToken cancellation)
    {
        var bytes = new byte[Marshal.SizeOf<Handshake>()];
        MemoryMarshal.Write(bytes, handshake);
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), cancellation).ConfigureAwait(false);
    }

    /// <summary>Receives what the other rank is.</summary>
    /// <exception cref="EndOfStreamException">It left.</exception>
    public async Task<Handshake> ReceiveAsync(CancellationToken cancellation)
    {
        var bytes = new byte[Marshal.SizeOf<Handshake>()];
        for (int received = 0; received < bytes.Length;)
        {
            int count = await socket.ReceiveAsync(bytes.AsMemory(received), cancellation).ConfigureAwait(false);
            received += count > 0 ? count : throw new EndOfStreamException("the other rank left");
        }
        return MemoryMarshal.Read<Handshake>(bytes);
    }

    /// <summary>Ends when the other process has ended or closed its side.</summary>
    public async Task BrokenAsync()
    {
        try
        {
            await socket.ReceiveAsync(new byte[1].AsMemory()).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A reset is an end too; what was disposed here is of no more interest.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}

/// <summary>What two ranks tell each other first, over the socket between them.</summary>
/// <param name="Magic">Says that this is such a message, and of which version.</param>
/// <param name="Rank">The sender.</param>
/// <param name="Shape">How its memory is laid out; the same on all ranks.</param>
/// <param name="Descriptor">The memory's file, in the sender's process.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Handshake(ulong Magic, int Rank, RingShape Shape, int Descriptor)
{
    /// <summary>"atelier" and the version of the memory's layout.</summary>
    public const ulong Current = 0x61_74_65_6c_69_65_72_02;
}
