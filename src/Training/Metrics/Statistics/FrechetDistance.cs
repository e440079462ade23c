using System.Runtime.InteropServices;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

/// <summary>
/// The Fréchet distance of two normal distributions (Dowson and Landau 1982; Heusel et al. 2017):
/// |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·√(Σ₁Σ₂)), in float64.
/// </summary>
/// <remarks>
/// Σ₁Σ₂ has the eigenvalues of FᵀΣ₂F for any F with FFᵀ = Σ₁, which is symmetric: its eigenvalues cost a fraction of a matrix
/// root, and those of a rank-deficient side are zero and not roots of rounding errors.
/// </remarks>
public static class FrechetDistance
{
    // Columns of a triangular product taken together: fewer save more of the zeros, more keep the product efficient.
    private const int BlockColumns = 256;

    /// <summary>The distance of a distribution from one that is factored.</summary>
    /// <param name="real">The factored side.</param>
    /// <param name="mean">Mean of the other, float64 [D].</param>
    /// <param name="covariance">Covariance of the other, float64 [D, D].</param>
    public static double Between(FrechetSide real, Tensor mean, Tensor covariance)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double traces = real.Trace + covariance.trace().item<double>();
        return SquaredDistance(real.Mean, mean) + traces - (2 * TraceOfRoot(real, covariance));
    }

    /// <summary>The distance of two samples.</summary>
    public static double Between(FeatureMoments real, FeatureMoments generated)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        using var scope = NewDisposeScope();
        var (realMean, realCovariance) = real.MeanAndCovariance();
        var (mean, covariance) = generated.MeanAndCovariance();
        using var side = FrechetSide.Of(realMean, realCovariance);
        return Between(side, mean, covariance);
    }

    /// <summary>
    /// The reference: the root of Σ₁Σ₂ itself, as the published code has it. With a rank-deficient side it differs from
    /// <see cref="Between(FrechetSide, Tensor, Tensor)"/> by the roots of rounding errors, some 1e-8 of the value.
    /// </summary>
    public static double Reference(FeatureMoments real, FeatureMoments generated)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (realMean, realCovariance) = real.MeanAndCovariance();
        var (mean, covariance) = generated.MeanAndCovariance();
        double traces = realCovariance.Plus(covariance).trace().item<double>();
        return SquaredDistance(realMean, mean) + traces - (2 * SecondMoments.RootTrace(realCovariance.matmul(covariance)));
    }

    private static double SquaredDistance(Tensor a, Tensor b) => (b - a).Squared().sum().item<double>();

    private static double TraceOfRoot(FrechetSide real, Tensor covariance)
    {
        if (real.Factor.shape[1] == 0)
            return 0;
        var product = real.IsTriangular ? LowerTriangle(real.Factor, covariance) : real.Factor.t().matmul(covariance.matmul(real.Factor));
        var values = linalg.eigvalsh(product).data<double>().ToArray();
        double least = Math.Max(values[^1], 0) * FrechetSide.Rounding(values.Length);
        return values.Where(value => value > least).Sum(Math.Sqrt);
    }

    /// <summary>The lower triangle of LᵀSL for a lower triangular L, without the products with zeros: a third of the work.</summary>
    private static Tensor LowerTriangle(Tensor factor, Tensor covariance)
    {
        long size = factor.shape[0];
        var product = zeros_like(covariance);
        for (long left = 0; left < size; left += BlockColumns)
        {
            using var scope = NewDisposeScope();
            long width = Math.Min(BlockColumns, size - left), below = size - left;
            // Rows of L above the block's diagonal are zero, and of S·L those from there on are needed.
            var columns = covariance.narrow(0, left, below).narrow(1, left, below).matmul(factor.narrow(0, left, below).narrow(1, left, width)); // [below, width]
            for (long top = left; top < size; top += BlockColumns)
            {
                long height = Math.Min(BlockColumns, size - top);
                var transposed = factor.narrow(0, top, size - top).narrow(1, top, height).t(); // [height, size − top]
                product.narrow(0, top, height).narrow(1, left, width).copy_(transposed.matmul(columns.narrow(0, top - left, size - top)));
            }
        }
        return product;
    }
}

/// <summary>One side of a Fréchet distance, factored: what is kept of the real images, for one snapshot after the other.</summary>
public sealed class FrechetSide : IDisposable
{
    // In rows, as a side that was stored is: the order in memory decides how products are summed, and so the bits.
    private FrechetSide(Tensor mean, Tensor factor, double trace, bool isTriangular) =>
        (Mean, Factor, Trace, IsTriangular) = (mean.DetachFromDisposeScope(), factor.contiguous().DetachFromDisposeScope(), trace, isTriangular);

    /// <summary>Mean, float64 [D].</summary>
    public Tensor Mean { get; }

    /// <summary>F with F·Fᵀ = covariance, float64 [D, R]; R is the covariance's rank.</summary>
    public Tensor Factor { get; }

    /// <summary>Trace of the covariance.</summary>
    public double Trace { get; }

    /// <summary>Whether F is lower triangular, which halves the products with it.</summary>
    public bool IsTriangular { get; }

    /// <summary>Factors a side: by Cholesky, or where the covariance is rank-deficient by its eigenvectors.</summary>
    /// <param name="mean">float64 [D]</param>
    /// <param name="covariance">float64 [D, D], symmetric and positive semi-definite.</param>
    public static FrechetSide Of(Tensor mean, Tensor covariance)
    {
        ArgumentNullException.ThrowIfNull(covariance);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double trace = covariance.trace().item<double>();
        var triangle = Cholesky(covariance);
        return triangle is not null
            ? new FrechetSide(mean.clone(), triangle, trace, isTriangular: true)
            : new FrechetSide(mean.clone(), ByEigenvectors(covariance), trace, isTriangular: false);
    }

    /// <summary>A side that was stored.</summary>
    internal static FrechetSide Restore(Tensor mean, Tensor factor, double trace, bool isTriangular) => new(mean, factor, trace, isTriangular);

    /// <summary>Below this part of the largest, an eigenvalue of an N×N matrix is rounding.</summary>
    internal static double Rounding(long size) => size * (Math.BitIncrement(1.0) - 1);

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Factor.Dispose();
    }

    // The factor of a matrix that is positive definite by more than rounding; null for any other.
    private static Tensor? Cholesky(Tensor covariance)
    {
        try
        {
            var triangle = linalg.cholesky(covariance);
            var pivots = triangle.diagonal().Squared();
            return pivots.min().item<double>() > Rounding(covariance.shape[0]) * pivots.max().item<double>() ? triangle : null;
        }
        catch (ExternalException)
        {
            return null; // libtorch has no other way to say that a pivot is not positive
        }
    }

    private static Tensor ByEigenvectors(Tensor covariance)
    {
        var (values, vectors) = linalg.eigh(covariance); // ascending
        var host = values.data<double>().ToArray();
        double least = Math.Max(host[^1], 0) * Rounding(host.Length);
        int zeros = host.Count(value => value <= least);
        return vectors.narrow(1, zeros, host.Length - zeros) * values.narrow(0, zeros, host.Length - zeros).sqrt();
    }
}
