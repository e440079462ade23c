using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>A border around the last dimensions.</summary>
            /// <param name="input">The tensor.</param>
            /// <param name="pad">Widths before and after, in pairs, from the last dimension on; negative ones crop.</param>
            /// <param name="mode">What the border holds.</param>
            /// <param name="value">For a constant border.</param>
            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant,
                double value = 0) =>
                mode switch
            {
                PaddingModes.Constant => Own(atorch_pad_constant(input.handle, pad, pad.Length, value, out var result), result),
                PaddingModes.Zeros => Own(atorch_pad_constant(input.handle, pad, pad.Length, 0, out var result), result),
                PaddingModes.Reflect => Own(atorch_pad_reflect(input.handle, pad, pad.Length, out var result), result),
                PaddingModes.Replicate => Own(atorch_pad_replicate(input.handle, pad, pad.Length, out var result), result),
                _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such border"),
            };

            /// <inheritdoc cref="pad(Tensor, ReadOnlySpan{long}, PaddingModes, double)"/>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (ReadOnlySpan<long>)pad, mode, value);

            /// <summary>Images at another size.</summary>
            /// <param name="x">[N,C,H,W].</param>
            /// <param name="size">The new height and width; or else</param>
            /// <param name="scale_factor">what to multiply them by, one for both or one each.</param>
            /// <param name="mode">How values between pixels are found.</param>
            /// <param name="align_corners">Whether corner pixels keep their places (linear and cubic only).</param>
            /// <param name="recompute_scale_factor">Whether the scale is taken from the rounded sizes rather than as given.</param>
            /// <param name="antialias">Not supported by every libtorch here; must be false.</param>
            public static Tensor interpolate(Tensor x, long[]? size = null, double[]? scale_factor = null,
                InterpolationMode mode = InterpolationMode.Nearest, bool? align_corners = null, bool recompute_scale_factor = false, bool antialias = false)
            {
                if (antialias) throw new NotSupportedException("Resize with antialiasing through upfirdn2d or the image library.");
                if ((size is null) == (scale_factor is null)) throw new ArgumentException("Give either size or scale_factor.");
                var scale = Scale(scale_factor);
                var target = size is null ? Scaled(x, scale) : [.. Pair(size, 0)];
                if (size is not null || recompute_scale_factor) scale = (0, 0);
                var corners = align_corners ?? false;
                return mode switch
                {
                    InterpolationMode.Nearest => Own(atorch_upsample_nearest2d(x.handle, target, scale.Height, scale.Width, out var result), result),
                    InterpolationMode.Bilinear =>
                        Own(atorch_upsample_bilinear2d(x.handle, target, corners, scale.Height, scale.Width, out var result), result),
                    InterpolationMode.Bicubic =>
                        Own(atorch_upsample_bicubic2d(x.handle, target, corners, scale.Height, scale.Width, out var result), result),
                    InterpolationMode.Area => Own(atorch_adaptive_avg_pool2d(x.handle, target, out var result), result),
                    _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such interpolation"),
                };
            }

            /// <summary>Values of an image at the points of a grid.</summary>
            /// <param name="input">[N,C,H,W].</param>
            /// <param name="grid">[N,H',W',2]: x and y in [−1, 1].</param>
            /// <param name="mode">How values between pixels are found.</param>
            /// <param name="padding_mode">What lies beyond the border.</param>
            /// <param name="align_corners">Whether ±1 are the centres of corner pixels, or else (by default) their outer edges.</param>
            public static Tensor grid_sample(Tensor input, Tensor grid, GridSampleMode mode = GridSampleMode.Bilinear,
                GridSamplePaddingMode padding_mode = GridSamplePaddingMode.Zeros, bool? align_corners = null)
            {
                // libtorch's operator numbers the modes otherwise than the enumerations of the API do.
                var interpolation = mode == GridSampleMode.Nearest ? 1 : 0;
                var padding = padding_mode switch
                {
                    GridSamplePaddingMode.Border => 1,
                    GridSamplePaddingMode.Reflection => 2,
                    _ => 0,
                };
                return Own(atorch_grid_sample(input.handle, grid.handle, interpolation, padding, align_corners ?? false, out var result), result);
            }

            /// <summary>The grid for <see cref="grid_sample"/> of affine maps [N,2,3] and a result of the given size [N,C,H,W].</summary>
            public static Tensor affine_grid(Tensor theta, long[]? size = null, bool align_corners = false)
            {
                ArgumentNullException.ThrowIfNull(size);
                return Own(atorch_affine_grid(theta.handle, size, size.Length, align_corners, out var result), result);
            }

            /// <summary>A factor r² of channels moved into r times the height and width.</summary>
            public static Tensor pixel_shuffle(Tensor input, long upscale_factor) =>
                Own(atorch_pixel_shuffle(input.handle, upscale_factor, out var result), result);

            /// <summary>A factor r of height and width moved into r² times the channels.</summary>
            public static Tensor pixel_unshuffle(Tensor input, long downscale_factor) =>
                Own(atorch_pixel_unshuffle(input.handle, downscale_factor, out var result), result);

            private static (double Height, double Width) Scale(double[]? factors) => factors switch
            {
                null => (0, 0),
                [var both] => (both, both),
                [var height, var width] => (height, width),
                _ => throw new ArgumentException($"One or two scale factors, not {factors.Length}."),
            };

            private static long[] Scaled(Tensor x, (double Height, double Width) scale) =>
                [(long)Math.Floor(x.size(-2) * scale.Height), (long)Math.Floor(x.size(-1) * scale.Width)];
        }
    }
}
