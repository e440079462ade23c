using Atelier.Kernels;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

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
        OpException.Unless(x.dim() == 2 && x.dtype == ScalarType.Float64, $"features must be float64 [N, D], they are {x}");
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
            matrix.dim() == 2 && matrix.shape[0] == matrix.shape[1] && matrix.dtype == ScalarType.Float64, $"the matrix must be square and float64, it is {matrix}");
        OpException.Unless(matrix.isfinite().all().item<bool>(), $"the matrix {matrix} has elements that are not finite");
        using var scope = NewDisposeScope();
        return linalg.eigvals(matrix).sqrt().real.sum().item<double>();
    }
}
