using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The sum of all elements, in the given dtype.</summary>
        public Tensor sum(ScalarType? type = null) => Own(atorch_sum(handle, Code(type), out var result), result);

        /// <summary>The sum along dimensions.</summary>
        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) =>
            Own(atorch_sum_dims(handle, dim, dim.Length, keepdim, Code(type), out var result), result);

        /// <summary>The sum along dimensions.</summary>
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)dim, keepdim, type);

        /// <summary>The sum along one dimension.</summary>
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        /// <summary>The sum along two dimensions.</summary>
        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1], keepdim, type);

        /// <summary>The sum along three dimensions.</summary>
        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) =>
            sum([dim0, dim1, dim2], keepdim, type);

        /// <summary>The mean of all elements.</summary>
        public Tensor mean() => Own(atorch_mean(handle, Code(null), out var result), result);

        /// <summary>The mean along dimensions.</summary>
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            Own(atorch_mean_dims(handle, dimensions, dimensions.Length, keepdim, Code(type), out var result), result);

        /// <summary>The product of all elements.</summary>
        public Tensor prod(ScalarType? type = null) => Own(atorch_prod(handle, Code(type), out var result), result);

        /// <summary>The product along a dimension.</summary>
        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) =>
            Own(atorch_prod_dim(handle, dim, keepdim, Code(type), out var result), result);

        /// <summary>The standard deviation of all elements; unbiased divides by n − 1.</summary>
        public Tensor std(bool unbiased = true) => Own(atorch_std(handle, unbiased, out var result), result);

        /// <summary>The standard deviation along a dimension, then converted to <paramref name="type"/>.</summary>
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std([dim], unbiased, keepdim, type);

        /// <summary>The standard deviation along dimensions, then converted to <paramref name="type"/>.</summary>
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        /// <summary>The standard deviation along dimensions, then converted to <paramref name="type"/>.</summary>
        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            var spread = Own(atorch_std_dims(handle, dimensions, dimensions.Length, unbiased, keepdim, out var result), result);
            return type is { } wanted ? spread.to(wanted, disposeAfter: true) : spread;
        }

        /// <summary>The variance of all elements; unbiased divides by n − 1.</summary>
        public Tensor var(bool unbiased = true) => Own(atorch_var(handle, unbiased, out var result), result);

        /// <summary>The variance along a dimension, then converted to <paramref name="type"/>.</summary>
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var([dim], unbiased, keepdim, type);

        /// <summary>The variance along dimensions, then converted to <paramref name="type"/>.</summary>
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        /// <summary>The variance along dimensions, then converted to <paramref name="type"/>.</summary>
        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            var spread = Own(atorch_var_dims(handle, dimensions, dimensions.Length, unbiased, keepdim, out var result), result);
            return type is { } wanted ? spread.to(wanted, disposeAfter: true) : spread;
        }

        /// <summary>(Σ |x|^p)^(1/p) over all elements.</summary>
        public Tensor norm(float p = 2) => Own(atorch_norm(handle, p, out var result), result);

        /// <summary>(Σ |x|^p)^(1/p) along a dimension.</summary>
        public Tensor norm(int dim, bool keepdim = false, float p = 2) =>
            Own(atorch_norm_dim(handle, p, dim, keepdim, out var result), result);

        /// <summary>log Σ exp(x) along a dimension, without overflow.</summary>
        public Tensor logsumexp(long dim, bool keepdim = false) =>
            Own(atorch_logsumexp(handle, dim, keepdim, out var result), result);

        /// <summary>Whether all elements are not zero.</summary>
        public Tensor all() => Own(atorch_all(handle, out var result), result);

        /// <summary>Whether all elements along a dimension are not zero.</summary>
        public Tensor all(long dim, bool keepdim = false) => Own(atorch_all_dim(handle, dim, keepdim, out var result), result);

        /// <summary>Whether some element is not zero.</summary>
        public Tensor any() => Own(atorch_any(handle, out var result), result);

        /// <summary>Whether some element along a dimension is not zero.</summary>
        public Tensor any(long dim, bool keepdim = false) => Own(atorch_any_dim(handle, dim, keepdim, out var result), result);

        /// <summary>The running sum along a dimension.</summary>
        public Tensor cumsum(long dim, ScalarType? type = null) =>
            Own(atorch_cumsum(handle, dim, Code(type), out var result), result);

        /// <summary>The running product along a dimension.</summary>
        public Tensor cumprod(long dim, ScalarType? type = null) =>
            Own(atorch_cumprod(handle, dim, Code(type), out var result), result);
    }
}
