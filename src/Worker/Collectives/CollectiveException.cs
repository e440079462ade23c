// CA1032: without a phase and ranks there is no such failure.
#pragma warning disable CA1032

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

    /// <summary>What happened.</summary>
    public CollectiveFault Fault { get; }

    /// <summary>The phase in which this rank waited.</summary>
    public string Phase { get; }

    /// <summary>The rank that waited.</summary>
    public int Rank { get; }

    /// <summary>The ranks it waited for; the likeliest cause first.</summary>
    public IReadOnlyList<int> Blamed { get; }
}
