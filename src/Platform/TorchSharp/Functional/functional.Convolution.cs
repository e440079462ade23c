using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Functions of networks, without state.</summary>
        public static partial class functional
        {
            /// <summary>Cross-correlation.</summary>
            /// <param name="input">[N,C,H,W].</param>
            /// <param name="weight">[O,C/groups,KH,KW].</param>
            /// <param name="bias">[O], or none.</param>
            /// <param name="strides">One per direction, or one for both; 1 if not given.</param>
            /// <param name="padding">Zeros around the input, likewise; 0 if not given.</param>
            /// <param name="dilation">Distance of the kernel's taps, likewise; 1 if not given.</param>
            /// <param name="groups">Independent parts of the channels.</param>
            public static Tensor conv2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null,
                long[]? padding = null,
                long[]? dilation = null, long groups = 1) =>
                Own(atorch_conv2d(input.handle, weight.handle, TensorHandle.Of(bias), Pair(strides, 1), Pair(padding, 0), Pair(dilation, 1),
                    groups, out var result), result);

            /// <summary>The gradient of <see cref="conv2d"/> with respect to its input: a convolution that scales up by its strides.</summary>
            /// <param name="input">[N,C,H,W].</param>
            /// <param name="weight">[C,O/groups,KH,KW].</param>
            /// <param name="bias">[O], or none.</param>
            /// <param name="strides">One per direction, or one for both; 1 if not given.</param>
            /// <param name="padding">What is cut from the border of the result, likewise; 0 if not given.</param>
            /// <param name="output_padding">What is added to the result at its end, likewise; 0 if not given.</param>
            /// <param name="dilation">Distance of the kernel's taps, likewise; 1 if not given.</param>
            /// <param name="groups">Independent parts of the channels.</param>
            public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null,
                long[]? padding = null,
                long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                Own(atorch_conv_transpose2d(input.handle, weight.handle, TensorHandle.Of(bias), Pair(strides, 1), Pair(padding, 0),
                    Pair(output_padding, 0), Pair(dilation, 1), groups, out var result), result);

            /// <summary>input · weightsᵀ + bias, with weights [O,I] and bias [O].</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                Own(atorch_linear(input.handle, weights.handle, TensorHandle.Of(bias), out var result), result);

            // The C ABI takes exactly two values; one stands for both, as in PyTorch.
            private static ReadOnlySpan<long> Pair(long[]? values, long missing) => values switch
            {
                null => [missing, missing],
                [var both] => [both, both],
                [_, _] => values,
                _ => throw new ArgumentException($"One or two values, not {values.Length}."),
            };
        }
    }
}
