using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// How two sums of shards become one: IEEE additions, each element by itself. Whatever adds sums elsewhere does the same, so
/// that every reduction has the same bits.
/// </summary>
public static class PhaseSum
{
    /// <summary>Adds the right sum into the left one, which it returns, and frees the right one.</summary>
    public static Tensor Combine(Tensor left, Tensor right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        using var scope = NewDisposeScope();
        left.add_(right);
        right.Dispose();
        return left;
    }
}
