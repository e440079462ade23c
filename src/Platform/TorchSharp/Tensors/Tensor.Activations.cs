using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>max(0, x).</summary>
        public Tensor relu() => Own(atorch_relu(handle, out var result), result);

        /// <inheritdoc cref="relu"/>
        /// <remarks>In place.</remarks>
        public Tensor relu_() => After(atorch_relu_(handle));

        /// <summary>The self-normalising exponential linear unit (Klambauer et al. 2017).</summary>
        public Tensor selu() => Own(atorch_selu(handle, out var result), result);

        /// <inheritdoc cref="selu"/>
        /// <remarks>In place.</remarks>
        public Tensor selu_() => After(atorch_selu_(handle));

        /// <summary>1 / (1 + exp(−x)).</summary>
        public Tensor sigmoid() => Own(atorch_sigmoid(handle, out var result), result);

        /// <inheritdoc cref="sigmoid"/>
        /// <remarks>In place.</remarks>
        public Tensor sigmoid_() => After(atorch_sigmoid_(handle));

        /// <summary>x · sigmoid(x).</summary>
        public Tensor silu() => Own(atorch_silu(handle, out var result), result);

        /// <inheritdoc cref="silu"/>
        /// <remarks>In place.</remarks>
        public Tensor silu_() => After(atorch_silu_(handle));

        /// <summary>x · Φ(x), with the Gaussian's distribution function.</summary>
        public Tensor gelu() => Own(atorch_gelu(handle, out var result), result);

        /// <summary>log(sigmoid(x)), without overflow.</summary>
        public Tensor log_sigmoid() => Own(atorch_log_sigmoid(handle, out var result), result);

        /// <summary>x where positive, else <paramref name="negative_slope"/> · x.</summary>
        public Tensor leaky_relu(Scalar negative_slope) =>
            Own(atorch_leaky_relu(handle, Number.Of(negative_slope), out var result), result);

        /// <inheritdoc cref="leaky_relu"/>
        /// <remarks>In place.</remarks>
        public Tensor leaky_relu_(Scalar negative_slope) => After(atorch_leaky_relu_(handle, Number.Of(negative_slope)));

        /// <summary>x where positive, else alpha · (exp(x) − 1).</summary>
        public Tensor elu(double alpha = 1) => Own(atorch_elu(handle, alpha, out var result), result);

        /// <inheritdoc cref="elu"/>
        /// <remarks>In place.</remarks>
        public Tensor elu_(double alpha = 1) => After(atorch_elu_(handle, alpha));

        /// <summary>log(1 + exp(beta · x)) / beta; x itself where beta · x exceeds the threshold.</summary>
        public Tensor softplus(double beta = 1, double threshold = 20) =>
            Own(atorch_softplus(handle, beta, threshold, out var result), result);

        /// <summary>exp(x) over the sum of exp(x) along the dimension.</summary>
        public Tensor softmax(long dim, ScalarType? dtype = null) =>
            Own(atorch_softmax(handle, dim, Code(dtype), out var result), result);

        /// <summary>The logarithm of <see cref="softmax"/>.</summary>
        public Tensor log_softmax(long dim, ScalarType? dtype = null) =>
            Own(atorch_log_softmax(handle, dim, Code(dtype), out var result), result);
    }
}
