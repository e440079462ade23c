// CA1032: without a phase and ranks there is no such failure. CA1064: a mismatch is a signal from an exchange to the
// collective that runs it, which gives it words.
#pragma warning disable CA1032, CA1064

namespace Atelier.Worker.Collectives;

/// <summary>
/// A collective that could not end. It ends the generation, not the run: the state is as before the phase. The links are of
/// no use afterwards.
/// </summary>
public sealed class CollectiveException : Exception
{
    /// <summary>A failure of a phase.</summary>
    /// <param name="fault">What happened.</param>
    /// <param name="phase">The phase in which this rank waited.</param>
    /// <param name="rank">The rank that waited.</param>
    /// <param name="blamed">The ranks it waited for; the likeliest cause first.</param>
    /// <param name="detail">What was awaited.</param>
    public CollectiveException(CollectiveFault fault, string phase, int rank, IReadOnlyList<int> blamed, string detail)
        : base($"phase {phase}: rank {rank} {detail}")
    {
        Fault = fault;
        Phase = phase;
        Rank = rank;
        Blamed = blamed;
    }

    public CollectiveFault Fault { get; }

    /// <summary>The phase in which this rank waited.</summary>
    public string Phase { get; }

    /// <summary>The rank that waited.</summary>
    public int Rank { get; }

    /// <summary>The ranks it waited for; the likeliest cause first.</summary>
    public IReadOnlyList<int> Blamed { get; }
}

/// <summary>Why a collective could not end.</summary>
public enum CollectiveFault
{
    /// <summary>A rank is gone: its process ended, or it left.</summary>
    PeerGone,

    /// <summary>Nothing moved for as long as the deadline allows.</summary>
    Deadline,

    /// <summary>A rank takes part in another collective than this one: another phase, length, type or plan.</summary>
    Mismatch,

    /// <summary>A rank does not let this one in, or cannot prove who it is: a wrong token or certificate.</summary>
    Refused,
}

/// <summary>A rank takes part in another collective.</summary>
/// <param name="rank">The rank.</param>
internal sealed class MismatchException(int rank) : Exception
{
    public int Rank { get; } = rank;
}
