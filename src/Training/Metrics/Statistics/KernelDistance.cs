using Atelier.Core.Metrics;
using Atelier.Core.Randomness;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

/// <summary>The kernel distance: the squared maximum mean discrepancy with k(x, y) = (x·y / D + 1)³ (Bińkowski et al. 2018), in float64.</summary>
public static class KernelDistance
{
    /// <summary>The mean over random subsets.</summary>
    /// <param name="real">[N, D]</param>
    /// <param name="generated">[M, D]</param>
    /// <param name="subsets">How many.</param>
    /// <param name="most">Most images of each side in a subset.</param>
    /// <param name="seed">Seed of the subsets.</param>
    /// <param name="budgetBytes">Memory for kernel values.</param>
    public static double Mean(Tensor real, Tensor generated, int subsets, int most, ulong seed, long budgetBytes)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        int size = (int)Math.Min(most, Math.Min(real.shape[0], generated.shape[0]));
        double sum = 0;
        for (int subset = 0; subset < subsets; subset++)
        {
            using var scope = NewDisposeScope();
            Tensor Draw(Tensor all, int side) => all.index_select(
                0, tensor(RandomSubset.Draw(new DrawKey(seed, 0, DrawPurpose.MetricSubset, Index: subset, Layer: side), size, (int)all.shape[0])));
            sum += OfSubset(Draw(real, 1), Draw(generated, 0), budgetBytes);
        }
        return sum / subsets;
    }

    /// <summary>The unbiased estimate from one subset.</summary>
    /// <param name="real">[n, D]</param>
    /// <param name="generated">[n, D]</param>
    /// <param name="budgetBytes">Memory for kernel values.</param>
    public static double OfSubset(Tensor real, Tensor generated, long budgetBytes)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (x, y) = (generated.to(ScalarType.Float64), real.to(ScalarType.Float64));
        double n = x.shape[0];
        double within = Sum(x, x, budgetBytes) - SumOfDiagonal(x) + Sum(y, y, budgetBytes) - SumOfDiagonal(y);
        return ((within / (n - 1)) - (2 * Sum(x, y, budgetBytes) / n)) / n;
    }

    private static double Sum(Tensor rows, Tensor columns, long budgetBytes)
    {
        double sum = 0;
        long height = Math.Max(1, budgetBytes / (columns.shape[0] * sizeof(double)));
        for (long top = 0; top < rows.shape[0]; top += height)
        {
            using var scope = NewDisposeScope();
            var block = rows.narrow(0, top, Math.Min(height, rows.shape[0] - top));
            sum += Kernel(block.matmul(columns.t()), rows.shape[1]).sum().item<double>();
        }
        return sum;
    }

    private static double SumOfDiagonal(Tensor x) => Kernel(x.Squared().sum(1), x.shape[1]).sum().item<double>();

    private static Tensor Kernel(Tensor products, long width)
    {
        var linear = products.DividedBy(width).Plus(1);
        return linear * linear * linear;
    }
}
