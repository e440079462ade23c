using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>Second moments and the trace of a matrix root, in float64. Native: <c>native/ops/moments</c>.</summary>
public static class SecondMoments
{
    /// <summary>Xᵀ·X, symmetric to the last bit.</summary>
    /// <param name="x">float64 [N, D]</param>
    /// <returns>[D, D]</returns>
    /// <exception cref="NativeOpException">The features are not float64 [N, D].</exception>
    public static Tensor Gram(Tensor x)
    {
        int status = OpsLibrary.Gram(x.Handle, out var result);
        return NativeOp.Result("gram", status, result, x);
    }

    /// <summary>The real part of the trace of a matrix's root, by its Schur form: the reference of <c>FrechetDistance</c>.</summary>
    /// <param name="matrix">float64 [D, D], which need not be symmetric.</param>
    /// <exception cref="NativeOpException">The matrix is not square, not float64, or not finite.</exception>
    public static double RootTrace(Tensor matrix)
    {
        int status = OpsLibrary.RootTrace(matrix.Handle, out var result);
        NativeOp.Check("root_trace", status, matrix);
        return result;
    }
}
