using Atelier.Worker.Interop;

namespace Atelier.Worker.Collectives.Links;

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
