using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// The parts of an augmentation that move pixels, on a GPU: reflected borders and bilinear samples. Both are linear, and the
/// gradient of each is its adjoint, whose gradient is the map again: differentiable any number of times, and always in one order.
/// </summary>
internal static unsafe class GpuWarpOp
{
    /// <summary>Adds a reflected border; beyond an image's own margins it is 0.</summary>
    /// <param name="kernels">Of the GPU where x is.</param>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="border">Pixels that are added.</param>
    /// <param name="own">[N], at most those.</param>
    /// <returns>[N, C, top + H + bottom, left + W + right]</returns>
    public static Tensor Reflected(GpuKernels kernels, Tensor x, ReflectMargins border, ReadOnlySpan<ReflectMargins> own) =>
        Run(new Reflection(kernels, border, GpuImages.Structures(x, own), (int)x.size(2), (int)x.size(3)), adjoint: false, x);

    /// <summary>Every sample as the weighted sum of its four neighbours, those outside an image's own part left out.</summary>
    /// <param name="kernels">Of the GPU where x is.</param>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="warps">[N]</param>
    /// <param name="rows">Of samples.</param>
    /// <param name="columns">Of samples.</param>
    /// <returns>[N, C, rows, columns]</returns>
    public static Tensor Sampled(GpuKernels kernels, Tensor x, ReadOnlySpan<WarpArguments> warps, int rows, int columns) =>
        Run(new Sampling(kernels, GpuImages.Structures(x, warps), (int)x.size(2), (int)x.size(3), rows, columns), adjoint: false, x);

    private static Tensor Run(LinearMap map, bool adjoint, Tensor x)
    {
        x = x.contiguous();
        var (height, width) = map.ResultSize(adjoint);
        var y = GpuImages.Empty(x, [x.size(0), x.size(1), height, width], channelsLast: false);
        map.Launch(adjoint, x, y);
        GC.KeepAlive(x);
        GC.KeepAlive(map.Table);
        return AutogradNode.IsNeeded(x) ? new Node(map, adjoint).Attach(x, y) : y;
    }

    /// <summary>A map of planes and its adjoint.</summary>
    /// <param name="Table">What it does to each image, in the GPU's memory.</param>
    private abstract record LinearMap(Tensor Table)
    {
        public abstract (int Height, int Width) ResultSize(bool adjoint);

        public abstract void Launch(bool adjoint, Tensor x, Tensor y);
    }

    private sealed record Reflection(GpuKernels Kernels, ReflectMargins Border, Tensor Own, int Height, int Width) : LinearMap(Own)
    {
        public override (int Height, int Width) ResultSize(bool adjoint) =>
            adjoint ? (Height, Width) : (Border.Top + Height + Border.Bottom, Border.Left + Width + Border.Right);

        public override void Launch(bool adjoint, Tensor x, Tensor y) => GpuAugmentation.Reflect(Kernels, GpuImages.Number(x), adjoint, new ReflectArguments
        {
            X = (void*)OpKernels.Address(x),
            Y = (void*)OpKernels.Address(y),
            Margins = (void*)OpKernels.Address(Table),
            Threads = (uint)y.numel(),
            Channels = (uint)y.size(1),
            Height = Height,
            Width = Width,
            Left = Border.Left,
            Right = Border.Right,
            Top = Border.Top,
            Bottom = Border.Bottom,
        });
    }

    private sealed record Sampling(GpuKernels Kernels, Tensor Warps, int Height, int Width, int Rows, int Columns) : LinearMap(Warps)
    {
        public override (int Height, int Width) ResultSize(bool adjoint) => adjoint ? (Height, Width) : (Rows, Columns);

        public override void Launch(bool adjoint, Tensor x, Tensor y) => GpuAugmentation.Sample(Kernels, GpuImages.Number(x), adjoint, new SampleArguments
        {
            X = (void*)OpKernels.Address(x),
            Y = (void*)OpKernels.Address(y),
            Warps = (void*)OpKernels.Address(Table),
            Threads = (uint)y.numel(),
            Channels = (uint)y.size(1),
            Height = Height,
            Width = Width,
            SampleRows = Rows,
            SampleColumns = Columns,
        });
    }

    private sealed class Node(LinearMap map, bool adjoint) : AutogradNode
    {
        public Tensor Attach(Tensor x, Tensor y)
        {
            Tensor[] outputs = [y];
            Attach([x], outputs, () => SaveConstant(map.Table));
            return outputs[0];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients) => [gradients[0] is { } g ? Run(map with { Table = Constant(0)! }, !adjoint, g) : null];
    }
}
