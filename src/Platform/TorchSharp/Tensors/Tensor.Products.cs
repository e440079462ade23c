using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The matrix product, with broadcasting over leading dimensions; of vectors, the inner product.</summary>
        public Tensor matmul(Tensor target) => Own(atorch_matmul(handle, target.handle, out var result), result);

        /// <summary>[N,K] times [K,M].</summary>
        public Tensor mm(Tensor target) => Own(atorch_mm(handle, target.handle, out var result), result);

        /// <summary>[B,N,K] times [B,K,M].</summary>
        public Tensor bmm(Tensor batch2) => Own(atorch_bmm(handle, batch2.handle, out var result), result);

        /// <summary>[N,K] times [K].</summary>
        public Tensor mv(Tensor target) => Own(atorch_mv(handle, target.handle, out var result), result);

        /// <summary>The inner product of two vectors.</summary>
        public Tensor dot(Tensor target) => Own(atorch_dot(handle, target.handle, out var result), result);

        /// <summary>The outer product of two vectors.</summary>
        public Tensor outer(Tensor vec2) => Own(atorch_outer(handle, vec2.handle, out var result), result);

        /// <summary>beta · this + alpha · mat1 · mat2.</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Own(atorch_addmm(handle, mat1.handle, mat2.handle, beta, alpha, out var result), result);

        /// <inheritdoc cref="addmm"/>
        /// <remarks>In place.</remarks>
        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            After(atorch_addmm_(handle, mat1.handle, mat2.handle, beta, alpha));

        /// <summary>beta · this + alpha · mat · vec.</summary>
        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) =>
            Own(atorch_addmv(handle, mat.handle, vec.handle, beta, alpha, out var result), result);

        /// <summary>beta · this + alpha · batch1 · batch2, matrix by matrix.</summary>
        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Own(atorch_baddbmm(handle, batch1.handle, batch2.handle, beta, alpha, out var result), result);

        /// <summary>The sum of a matrix's diagonal.</summary>
        public Tensor trace() => Own(atorch_trace(handle, out var result), result);

        /// <summary>The determinant.</summary>
        public Tensor det() => Own(atorch_linalg_det(handle, out var result), result);

        /// <summary>The inverse matrix.</summary>
        public Tensor inverse() => Own(atorch_linalg_inv(handle, out var result), result);
    }
}
