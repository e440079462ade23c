using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Linear algebra on matrices [.., N, M], in batches over the leading dimensions.</summary>
    public static partial class linalg
    {
        /// <summary>The lower triangular L with L·Lᵀ equal to a positive definite matrix.</summary>
        public static Tensor cholesky(Tensor input) => Own(atorch_linalg_cholesky(input.handle, out var result), result);

        /// <summary>The determinant.</summary>
        public static Tensor det(Tensor input) => Own(atorch_linalg_det(input.handle, out var result), result);

        /// <summary>The inverse.</summary>
        public static Tensor inv(Tensor input) => Own(atorch_linalg_inv(input.handle, out var result), result);

        /// <summary>The sign and the logarithm of the magnitude of the determinant.</summary>
        public static (Tensor, Tensor) slogdet(Tensor input) =>
            Own(atorch_linalg_slogdet(input.handle, out var sign, out var magnitude), sign, magnitude);

        /// <summary>X with A·X = B.</summary>
        public static Tensor solve(Tensor A, Tensor B, bool left = true) => left
            ? Own(atorch_linalg_solve(A.handle, B.handle, out var result), result)
            : throw new NotSupportedException("Solve X·A = B as Aᵀ·Xᵀ = Bᵀ.");

        /// <summary>Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix, of which one triangle is read.</summary>
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') =>
            Own(atorch_linalg_eigh(input.handle, UPLO.ToString(), out var values, out var vectors), values, vectors);

        /// <summary>Eigenvalues, ascending, of a symmetric matrix, of which one triangle is read.</summary>
        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') =>
            Own(atorch_linalg_eigvalsh(input.handle, UPLO.ToString(), out var result), result);

        /// <summary>U, S (descending) and Vᵀ whose product is the matrix.</summary>
        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true) =>
            Own(atorch_linalg_svd(input.handle, fullMatrices, out var u, out var s, out var vh), u, s, vh);

        /// <summary>The singular values, descending.</summary>
        public static Tensor svdvals(Tensor input) => Own(atorch_linalg_svdvals(input.handle, out var result), result);

        /// <summary>An orthogonal Q and an upper triangular R whose product is the matrix.</summary>
        public static (Tensor Q, Tensor R) qr(Tensor input, QRMode mode = QRMode.Reduced) =>
            Own(atorch_linalg_qr(input.handle, mode switch
            {
                QRMode.Reduced => "reduced",
                QRMode.Complete => "complete",
                _ => "r",
            }, out var q, out var r), q, r);

        /// <summary>The 2-norm over dimensions, or of the flattened tensor.</summary>
        public static Tensor norm(Tensor input, long[]? dims = null, bool keepdim = false) => Norm(input, default, dims, keepdim);

        /// <summary>A matrix or vector norm by order, over dimensions or the whole tensor.</summary>
        public static Tensor norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) =>
            Norm(input, Number.Of(ord), dims, keepdim);

        /// <summary>A matrix or vector norm by order, over dimensions or the whole tensor.</summary>
        public static Tensor norm(Tensor input, int ord, long[]? dims = null, bool keepdim = false) =>
            Norm(input, Number.Of((double)ord), dims, keepdim);

        /// <summary>A matrix norm by name: <c>fro</c> or <c>nuc</c>.</summary>
        public static Tensor norm(Tensor input, string ord, long[]? dims = null, bool keepdim = false) =>
            Own(atorch_linalg_norm_named(input.handle, ord, dims, dims?.Length ?? 0, keepdim, out var result), result);

        /// <summary>(Σ |x|^ord)^(1/ord) over dimensions or the whole tensor.</summary>
        public static Tensor vector_norm(Tensor input, double ord = 2, long[]? dims = null, bool keepdim = false) =>
            Own(atorch_linalg_vector_norm(input.handle, ord, dims, dims?.Length ?? 0, keepdim, out var result), result);

        private static Tensor Norm(Tensor input, Number ord, long[]? dims, bool keepdim) =>
            Own(atorch_linalg_norm(input.handle, ord, dims, dims?.Length ?? 0, keepdim, out var result), result);

        /// <summary>Which parts of a QR decomposition are computed.</summary>
        public enum QRMode
        {
            /// <summary>The columns that the matrix spans.</summary>
            Reduced = 0,

            /// <summary>A square Q.</summary>
            Complete = 1,

            /// <summary>R alone.</summary>
            R = 2,
        }
    }
}
