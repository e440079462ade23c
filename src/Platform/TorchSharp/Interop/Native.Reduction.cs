using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/reduction.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_sum(TensorHandle self, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mean(TensorHandle self, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_prod(TensorHandle self, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sum_dims(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag keepdim,
        int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_mean_dims(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag keepdim,
        int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_prod_dim(TensorHandle self, long dim, Flag keepdim, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_std(TensorHandle self, Flag unbiased, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_std_dims(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag unbiased,
        Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_var(TensorHandle self, Flag unbiased, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_var_dims(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag unbiased,
        Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_norm(TensorHandle self, double p, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_norm_dim(TensorHandle self, double p, long dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_all(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_any(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_max(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_min(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_median(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_all_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_any_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_logsumexp(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_max_dim(TensorHandle self, long dim, Flag keepdim, out nint values, out nint indices);

    [LibraryImport(Library)]
    internal static partial int atorch_min_dim(TensorHandle self, long dim, Flag keepdim, out nint values, out nint indices);

    [LibraryImport(Library)]
    internal static partial int atorch_amax(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag keepdim,
        TensorHandle into, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_amin(TensorHandle self, ReadOnlySpan<long> dims, int count, Flag keepdim,
        TensorHandle into, out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_argmax(TensorHandle self, long* dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static unsafe partial int atorch_argmin(TensorHandle self, long* dim, Flag keepdim, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_cumsum(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_cumprod(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_sort(TensorHandle self, long dim, Flag descending, Flag stable, out nint values,
        out nint indices);

    [LibraryImport(Library)]
    internal static partial int atorch_argsort(TensorHandle self, long dim, Flag descending, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_topk(TensorHandle self, long k, long dim, Flag largest, Flag sorted, out nint values,
        out nint indices);

    [LibraryImport(Library)]
    internal static partial int atorch_kthvalue(TensorHandle self, long k, long dim, Flag keepdim, out nint values,
        out nint indices);

    [LibraryImport(Library)]
    internal static partial int atorch_quantile(TensorHandle self, TensorHandle q, long dim, Flag keepdim, out nint result);
}
