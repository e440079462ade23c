using System.Collections.Concurrent;

namespace Atelier.Kernels.Cuda;

/// <summary>Launches of fir.cuh: a <see cref="FirFilter"/> over images in the GPU's memory.</summary>
public static unsafe class GpuFilter
{
    private const int Strip = 8;

    private static readonly ConcurrentDictionary<(int Up, int Down, int Taps, bool Packs), string[]> Shapes = [];
    private static readonly string[] Any = GpuNames.Of("fir_any");

    /// <summary>Whether a kernel is made for a filter; else its taps must be in the GPU's memory.</summary>
    public static bool HasShape(FirFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var r = filter.Resampling;
        return filter.Terms == 1 && filter.RowTaps.Length == filter.ColumnTaps.Length && r.UpX == r.UpY && r.DownX == r.DownY &&
            (r.UpX, r.DownX, filter.RowTaps.Length) is (1, 1, 4) or (2, 1, 4) or (1, 2, 4) or (2, 1, 12) or (1, 2, 12);
    }

    /// <summary>Filters images.</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="number">Of x and y; the taps are float32.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="arguments">X, Y, images, channels, height, width, layout; ColumnTaps and RowTaps unless it <see cref="HasShape"/>.</param>
    /// <exception cref="ArgumentException">The image is smaller than the filter after padding.</exception>
    public static void Run(GpuKernels kernels, GpuNumber number, FirFilter filter, FirArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        ArgumentNullException.ThrowIfNull(filter);
        var r = filter.Resampling;
        arguments.OutputHeight = filter.OutputHeight(arguments.Height);
        arguments.OutputWidth = filter.OutputWidth(arguments.Width);
        if (arguments.OutputHeight < 1 || arguments.OutputWidth < 1)
            throw new ArgumentException($"The image of {arguments.Height}x{arguments.Width} is smaller than the filter after {filter.Padding}.");
        (arguments.PadLeft, arguments.PadTop) = (filter.Padding.Left, filter.Padding.Top);
        (arguments.UpX, arguments.UpY, arguments.DownX, arguments.DownY) = (r.UpX, r.UpY, r.DownX, r.DownY);
        arguments.Terms = filter.Terms;
        arguments.Rows = filter.ColumnTaps.Length / filter.Terms;
        arguments.Columns = filter.RowTaps.Length / filter.Terms;
        ulong columns = (ulong)arguments.Images * (uint)arguments.OutputWidth;
        if (!HasShape(filter))
        {
            arguments.Threads = checked((uint)(columns * arguments.Channels * (uint)arguments.OutputHeight));
            kernels.Launch(Any[(int)number], LaunchShape.Over(arguments.Threads), ref arguments);
            return;
        }
        filter.ColumnTaps.CopyTo(arguments.Column);
        filter.RowTaps.CopyTo(arguments.Row);
        int width = number == GpuNumber.Float32 ? 4 : 8;
        bool packs = arguments.ChannelsLast != 0 && arguments.Channels % width == 0 && ((nint)arguments.X | (nint)arguments.Y) % 16 == 0;
        uint strips = (uint)(arguments.OutputHeight + Strip - 1) / Strip;
        arguments.Threads = checked((uint)(columns * (arguments.Channels / (packs ? (uint)width : 1)) * strips));
        var names = Shapes.GetOrAdd((r.UpX, r.DownX, arguments.Rows, packs), shape =>
            GpuNames.Of($"fir_up{shape.Up}_down{shape.Down}_taps{shape.Taps}{(shape.Packs ? "_packs" : "")}"));
        kernels.Launch(names[(int)number], LaunchShape.Over(arguments.Threads), ref arguments);
    }
}
