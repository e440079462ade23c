using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/linalg.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_matmul(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mm(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_bmm(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mv(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_dot(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_outer(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_trace(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_addmm(TensorHandle self, TensorHandle first, TensorHandle second, double beta,
        double alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_baddbmm(TensorHandle self, TensorHandle first, TensorHandle second, double beta,
        double alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_addmv(TensorHandle self, TensorHandle first, TensorHandle second, double beta,
        double alpha, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_addmm_(TensorHandle self, TensorHandle first, TensorHandle second, double beta,
        double alpha);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_einsum(string equation, ReadOnlySpan<nint> tensors, int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_tensordot(TensorHandle self, TensorHandle other, ReadOnlySpan<long> dims1, int count1,
        ReadOnlySpan<long> dims2, int count2, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_cholesky(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_det(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_inv(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_svdvals(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_solve(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_linalg_eigh(TensorHandle self, string uplo, out nint values, out nint vectors);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_linalg_eigvalsh(TensorHandle self, string uplo, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_svd(TensorHandle self, Flag fullMatrices, out nint u, out nint s, out nint vh);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_linalg_qr(TensorHandle self, string mode, out nint q, out nint r);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_slogdet(TensorHandle self, out nint sign, out nint logabsdet);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_norm(TensorHandle self, Number ord, ReadOnlySpan<long> dims, int count,
        Flag keepdim, out nint result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_linalg_norm_named(TensorHandle self, string ord, ReadOnlySpan<long> dims, int count,
        Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_linalg_vector_norm(TensorHandle self, double ord, ReadOnlySpan<long> dims, int count,
        Flag keepdim, out nint result);
}
