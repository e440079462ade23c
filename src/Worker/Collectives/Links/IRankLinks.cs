namespace Atelier.Worker.Collectives.Links;

/// <summary>
/// One rank's links to all others: what a collective moves its segments over, in memory, shared memory or a network. Links
/// carry bytes in order and know nothing of sums. Each rank uses its side from one thread at a time; nothing here blocks
/// but <see cref="Wait"/>.
/// </summary>
/// <remarks>
/// A collective keeps all its links going at once: it reads <see cref="Signal"/>, tries everything that may be possible, and
/// waits only if nothing was. Whatever makes something possible (a segment, room, a lost rank) changes the signal.
/// </remarks>
public interface IRankLinks : IDisposable
{
    int Rank { get; }

    /// <summary>Number of ranks, at least 1.</summary>
    int Ranks { get; }

    /// <summary>Most bytes of a segment.</summary>
    int SegmentBytes { get; }

    /// <summary>Memory that this rank's side of the links takes, in bytes.</summary>
    long BufferBytes { get; }

    /// <summary>
    /// The ranks that are gone: their links broke, or somebody left because of them. In the order in which this was learned,
    /// except that the rank that another left for stands before it.
    /// </summary>
    IReadOnlyList<int> Gone { get; }

    /// <summary>Changes whenever something may have become possible.</summary>
    int Signal { get; }

    /// <summary>Room for the next segment to a rank, to be filled in place.</summary>
    /// <param name="to">The rank; this rank itself stands for all others at once.</param>
    /// <param name="room"><see cref="SegmentBytes"/> bytes.</param>
    /// <returns>Whether there is room at this moment.</returns>
    bool TryReserve(int to, out Span<byte> room);

    /// <summary>Sends the segment that was reserved last.</summary>
    /// <param name="to">As it was reserved.</param>
    /// <param name="bytes">How much of the room was filled.</param>
    void Send(int to, int bytes);

    /// <summary>The oldest segment of a rank that was not released; the same one until it is.</summary>
    /// <param name="from">The rank that sent it.</param>
    /// <param name="toAll">Whether it was sent to all ranks or to this one.</param>
    /// <param name="segment">Its bytes, in place: valid until <see cref="Release"/>.</param>
    /// <returns>Whether there is one at this moment.</returns>
    /// <exception cref="InvalidDataException">The memory of the links is damaged.</exception>
    bool TryReceive(int from, bool toAll, out ReadOnlySpan<byte> segment);

    /// <summary>Gives back the segment that was received last.</summary>
    /// <param name="from">The rank that sent it.</param>
    /// <param name="toAll">As it was received.</param>
    void Release(int from, bool toAll);

    /// <summary>Blocks until <see cref="Signal"/> is another than was seen.</summary>
    /// <param name="seen">The signal before the last attempt.</param>
    /// <param name="most">Longest time; returning early is allowed.</param>
    void Wait(int seen, TimeSpan most);

    /// <summary>Ends a wait of this rank; from any thread.</summary>
    void Wake();

    /// <summary>
    /// Tells the others, when this rank leaves, that it does so because of another: without that they would take the first to
    /// leave for the culprit.
    /// </summary>
    /// <param name="rank">The other.</param>
    void Blame(int rank);
}

/// <summary>
/// The ranks that one rank has lost, causes first: a rank that leaves because of another says so, and the other then stands
/// before it, whether or not its own link was seen to break. Any thread may add.
/// </summary>
/// <param name="self">The rank that keeps the list; never on it.</param>
internal sealed class GoneRanks(int self)
{
    private readonly Lock _lock = new();
    private int[] _ranks = [];

    /// <summary>The ranks, in the order of causes.</summary>
    public IReadOnlyList<int> Ranks => Volatile.Read(ref _ranks);

    /// <summary>Adds a rank.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="cause">For whose sake it left, as it said; null for nobody's, or if it could not say.</param>
    public void Add(int rank, int? cause)
    {
        lock (_lock)
        {
            IEnumerable<int> news = cause is { } root && root != self ? [root, rank] : [rank];
            Volatile.Write(ref _ranks, [.. _ranks.Union(news)]);
        }
    }
}

/// <summary>Ranks meet all of a generation, or none.</summary>
internal static class TaskGroup
{
    /// <summary>
    /// Waits for all meetings. When one fails, the others are ended and waited for, so that nobody touches what they share
    /// afterwards, and the first failure tells.
    /// </summary>
    /// <param name="meetings">The meetings under way.</param>
    /// <param name="end">Ends them.</param>
    public static async Task AllOrCancelAsync(List<Task> meetings, CancellationTokenSource end)
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
}
