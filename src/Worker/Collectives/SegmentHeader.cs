using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives;

/// <summary>What stands before each segment, so that ranks that disagree about what they do find out at once.</summary>
/// <param name="Operation">How many collectives came before.</param>
/// <param name="Fingerprint">A digest of phase, length, type and plan.</param>
/// <param name="Segment">The segment's index in its chunk.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SegmentHeader(long Operation, ulong Fingerprint, int Segment)
{
    /// <summary>Bytes before a segment's elements: a cache line, which keeps them aligned.</summary>
    public const int Bytes = 64;

    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>The digest (FNV-1a) of what all ranks must agree on.</summary>
    public static ulong FingerprintOf(string phase, long length, int elementBytes, AllReducePlan plan)
    {
        ulong hash = Offset;
        void Mix(ulong value) => hash = (hash ^ value) * Prime;
        foreach (char letter in phase)
            Mix(letter);
        Mix((ulong)length);
        Mix((ulong)elementBytes);
        foreach (var range in plan.Ranges)
            Mix((ulong)range.End);
        return hash;
    }
}
