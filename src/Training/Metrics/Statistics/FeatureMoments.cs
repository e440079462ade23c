using System.Runtime.InteropServices;
using Atelier.Kernels;
using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

/// <summary>
/// First and second moments of features, in float64: what a range of samples contributes to a Fréchet distance. Ranges are
/// added in the order of their indices, so that the result does not depend on who computed which.
/// </summary>
public sealed class FeatureMoments : IDisposable
{
    private FeatureMoments(long count, Tensor sum, Tensor outer) =>
        (Count, Sum, Outer) = (count, sum.DetachFromDisposeScope(), outer.DetachFromDisposeScope());

    /// <summary>Samples.</summary>
    public long Count { get; private set; }

    /// <summary>Sum of the features, float64 [D].</summary>
    public Tensor Sum { get; }

    /// <summary>Sum of their outer products, float64 [D, D].</summary>
    public Tensor Outer { get; }

    /// <summary>The moments of some features.</summary>
    /// <param name="features">[N, D], on the host.</param>
    public static FeatureMoments Of(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var rows = features.to(ScalarType.Float64).contiguous();
        return new FeatureMoments(rows.shape[0], SumOfRows(rows), SecondMoments.Gram(rows));
    }

    /// <summary>Moments that were stored.</summary>
    internal static FeatureMoments Restore(long count, Tensor sum, Tensor outer) => new(count, sum, outer);

    /// <summary>Adds the samples that come after these.</summary>
    public void Add(FeatureMoments next)
    {
        ArgumentNullException.ThrowIfNull(next);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Sum.Accumulate(next.Sum);
        Outer.Accumulate(next.Outer);
        Count += next.Count;
    }

    /// <summary>Mean [D] and covariance [D, D], which divides by the count as published.</summary>
    public (Tensor Mean, Tensor Covariance) MeanAndCovariance()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var mean = Sum.DividedBy(Count);
        return (mean.MoveToOuterDisposeScope(), (Outer.DividedBy(Count) - outer(mean, mean)).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Sum.Dispose();
        Outer.Dispose();
    }

    // One row after the other: libtorch's own sum splits the rows by what the processor can do, and its bits follow.
    private static Tensor SumOfRows(Tensor rows)
    {
        int width = (int)rows.shape[1];
        var sum = new double[width];
        var values = MemoryMarshal.Cast<byte, double>(rows.bytes);
        for (int row = 0; row < rows.shape[0]; row++)
        {
            var features = values.Slice(row * width, width);
            for (int i = 0; i < width; i++)
                sum[i] += features[i];
        }
        return tensor(sum);
    }
}

/// <summary>Second moments and the trace of a matrix root, in float64.</summary>
public static unsafe class SecondMoments
{
    /// <summary>Xᵀ·X, symmetric to the last bit.</summary>
    /// <param name="x">float64 [N, D]</param>
    /// <returns>[D, D]</returns>
    /// <exception cref="OpException">The features are not float64 [N, D].</exception>
    public static Tensor Gram(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        OpException.Unless(x.dim() == 2 && x.dtype == ScalarType.Float64, $"features must be float64 [N, D], not {x}");
        if (x.device_type != TorchSharp.DeviceType.CPU)
            return x.t().mm(x);
        var rows = x.contiguous();
        int count = (int)rows.shape[0], features = (int)rows.shape[1];
        var result = empty([features, features], ScalarType.Float64);
        Kernels.Gram.Compute(count, features, OpKernels.Doubles(rows), OpKernels.Doubles(result));
        GC.KeepAlive(rows);
        return result;
    }

    /// <summary>The real part of the trace of a matrix's root, from its eigenvalues.</summary>
    /// <param name="matrix">float64 [D, D], which need not be symmetric.</param>
    /// <exception cref="OpException">The matrix is not square, not float64, or not finite.</exception>
    public static double RootTrace(Tensor matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        OpException.Unless(
            matrix.dim() == 2 && matrix.shape[0] == matrix.shape[1] && matrix.dtype == ScalarType.Float64, $"the matrix must be square and float64, not {matrix}");
        OpException.Unless(matrix.isfinite().all().item<bool>(), $"the matrix {matrix} has elements that are not finite");
        using var scope = NewDisposeScope();
        return linalg.eigvals(matrix).sqrt().real.sum().item<double>();
    }
}
