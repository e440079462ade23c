using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives;

/// <summary>Elementwise sums, the bits of <see cref="Training.Step.PhaseSum"/>: IEEE additions, each element by itself.</summary>
internal static class VectorSum
{
    /// <summary>sum ← left + right; the sum may be either operand.</summary>
    /// <param name="left">Any length.</param>
    /// <param name="right">As long.</param>
    /// <param name="sum">As long.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // hot from the first call on, which tiers would take for cold
    public static void Add<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> sum) where T : unmanaged, INumberBase<T>
    {
        var sums = MemoryMarshal.Cast<T, Vector<T>>(sum);
        var lefts = MemoryMarshal.Cast<T, Vector<T>>(left)[..sums.Length];
        var rights = MemoryMarshal.Cast<T, Vector<T>>(right)[..sums.Length];
        for (int i = 0; i < sums.Length; i++)
            sums[i] = lefts[i] + rights[i];
        for (int i = sums.Length * Vector<T>.Count; i < sum.Length; i++)
            sum[i] = left[i] + right[i];
    }
}
