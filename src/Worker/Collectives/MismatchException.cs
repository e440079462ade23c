// CA1032, CA1064: a signal from an exchange to the collective that runs it, which gives it words.
#pragma warning disable CA1032, CA1064

namespace Atelier.Worker.Collectives;

/// <summary>A rank takes part in another collective.</summary>
/// <param name="rank">The rank.</param>
internal sealed class MismatchException(int rank) : Exception
{
    /// <summary>The rank.</summary>
    public int Rank { get; } = rank;
}
