using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

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
            var pivots = triangle.diagonal().square();
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
