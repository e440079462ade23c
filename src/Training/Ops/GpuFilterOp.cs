using System.Runtime.CompilerServices;
using Atelier.Kernels;
using Atelier.Kernels.Cuda;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>A resampling filter over images in a GPU's memory, without a graph: <see cref="Upfirdn2d"/> makes it part of one.</summary>
internal static unsafe class GpuFilterOp
{
    // The taps of filters that have no kernel of their own, where they are used.
    private static readonly ConditionalWeakTable<FirFilter, Taps> TapsOf = [];

    /// <param name="kernels">Of the GPU where x is.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="x">[N, C, H, W], in any precision of the kernels.</param>
    /// <returns>[N, C, output height, output width], in x's order of memory.</returns>
    public static Tensor Filtered(GpuKernels kernels, FirFilter filter, Tensor x)
    {
        bool channelsLast = GpuImages.IsChannelsLast(x);
        x = GpuImages.Dense(x, channelsLast);
        int height = (int)x.size(2), width = (int)x.size(3);
        var y = GpuImages.Empty(x, [x.size(0), x.size(1), filter.OutputHeight(height), filter.OutputWidth(width)], channelsLast);
        var taps = GpuFilter.HasShape(filter) ? null : TapsOf.GetValue(filter, static _ => new Taps()).On(x.device, filter);
        var arguments = new FirArguments
        {
            X = (void*)OpKernels.Address(x),
            Y = (void*)OpKernels.Address(y),
            ColumnTaps = OpKernels.Floats(taps?.Column),
            RowTaps = OpKernels.Floats(taps?.Row),
            Images = (uint)x.size(0),
            Channels = (uint)x.size(1),
            ChannelsLast = channelsLast ? 1u : 0,
            Height = height,
            Width = width,
        };
        GpuFilter.Run(kernels, GpuImages.Number(x), filter, arguments);
        GC.KeepAlive(x);
        return y;
    }

    private sealed class Taps
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, (Tensor Column, Tensor Row)> _devices = [];

        public (Tensor Column, Tensor Row)? On(Device device, FirFilter filter)
        {
            lock (_gate)
            {
                if (_devices.TryGetValue(device.ToString(), out var found))
                    return found;
                using var scope = NewDisposeScope();
                Tensor Copy(ReadOnlySpan<float> taps) => tensor(taps.ToArray()).to(device).DetachFromDisposeScope();
                return _devices[device.ToString()] = (Copy(filter.ColumnTaps), Copy(filter.RowTaps));
            }
        }
    }
}
