using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Means over windows of [N,C,H,W].</summary>
            public static unsafe Tensor avg_pool2d(Tensor input, long[] kernel_size, long[]? stride = null, long[]? padding = null,
                bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
            {
                var divisor = divisor_override.GetValueOrDefault();
                return Own(atorch_avg_pool2d(input.handle, Pair(kernel_size, 1), Pair(stride ?? kernel_size, 1), Pair(padding, 0), ceil_mode,
                    count_include_pad, divisor_override is null ? null : &divisor, out var result), result);
            }

            /// <summary>Means over square windows of [N,C,H,W].</summary>
            public static Tensor avg_pool2d(Tensor input, long kernel_size, long? stride = null, long padding = 0,
                bool ceil_mode = false,
                bool count_include_pad = true, long? divisor_override = null) =>
                avg_pool2d(input, [kernel_size], [stride ?? kernel_size], [padding], ceil_mode, count_include_pad, divisor_override);

            /// <summary>Largest elements of windows of [N,C,H,W].</summary>
            public static Tensor max_pool2d(Tensor input, long[] kernel_size, long[]? strides = null, long[]? padding = null,
                long[]? dilation = null, bool ceil_mode = false) =>
                Own(atorch_max_pool2d(input.handle, Pair(kernel_size, 1), Pair(strides ?? kernel_size, 1), Pair(padding, 0), Pair(dilation, 1),
                    ceil_mode, out var result), result);

            /// <summary>Means over the windows that divide [N,C,H,W] into the given height and width.</summary>
            public static Tensor adaptive_avg_pool2d(Tensor input, long[] output_size) =>
                Own(atorch_adaptive_avg_pool2d(input.handle, Pair(output_size, 1), out var result), result);
        }
    }
}
