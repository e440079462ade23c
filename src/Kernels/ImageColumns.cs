using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// How taps meet an image: at position (y, x), tap t sees pixel (y·step + rows[t], x·step + columns[t]), zero outside.
/// </summary>
internal unsafe struct TapGrid
{
    /// <summary>Size of the image.</summary>
    public int Channels, Height, Width;

    /// <summary>Positions.</summary>
    public int Rows, Columns;

    /// <summary>Pixels from a position to the next.</summary>
    public int Step;

    /// <summary>Number of taps.</summary>
    public int Taps;

    /// <summary>[taps] each: offsets of the taps.</summary>
    public int* TapRows, TapColumns;

    public readonly int Positions => Rows * Columns;

    /// <summary>The windows of a convolution over its image.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="offsets">[2 · taps], the room for the taps' offsets, which the caller fills.</param>
    public static TapGrid Over(in ConvolutionShape shape, int* offsets) => new()
    {
        Channels = shape.Inputs,
        Height = shape.Height,
        Width = shape.Width,
        Rows = shape.OutputHeight,
        Columns = shape.OutputWidth,
        Step = shape.Stride,
        Taps = shape.Taps,
        TapRows = offsets,
        TapColumns = offsets + shape.Taps,
    };
}

/// <summary>
/// Runs of positions that a product takes at once: a part of one sample, or whole samples if they are small. The same for every
/// number of threads.
/// </summary>
internal readonly struct PositionBlocks(int samples, int positions, int most)
{
    private readonly int _perSample = (positions + most - 1) / most;
    private readonly int _samplesPerBlock = Math.Max(1, most / positions);

    public int Count => positions > most ? samples * _perSample : (samples + _samplesPerBlock - 1) / _samplesPerBlock;

    /// <summary>Positions of block <paramref name="index"/>, counted through all samples.</summary>
    public (long First, int Count) this[int index]
    {
        get
        {
            if (positions > most)
            {
                int first = index % _perSample * most;
                return (((long)(index / _perSample) * positions) + first, Math.Min(most, positions - first));
            }
            int sample = index * _samplesPerBlock;
            return ((long)sample * positions, Math.Min(_samplesPerBlock, samples - sample) * positions);
        }
    }
}

/// <summary>An image as the columns of a matrix product (im2col): a row per channel and tap, a column per position.</summary>
internal static unsafe class ImageColumns<V>
    where V : struct, IVector<V>
{
    private const int VirtualLanes = Vectors.VirtualLanes;

    /// <summary>
    /// Channels [channel, channel + channels) at <paramref name="count"/> positions from <paramref name="first"/> on, counted
    /// through all samples: target[(channel, tap)·stride + position].
    /// </summary>
    public static void Read(in TapGrid grid, in ScaledImage image, int channel, int channels, long first, int count, float* target, nint stride)
    {
        bool isPerPixel = grid.Step == 1 && grid.Rows == grid.Height && grid.Columns == grid.Width;
        if (isPerPixel && grid.Taps == 1 && grid.TapRows[0] == 0 && grid.TapColumns[0] == 0)
        {
            // Every position sees its own pixel: the plane is one long row.
            var flat = grid;
            (flat.Height, flat.Rows) = (1, 1);
            flat.Width = flat.Columns = grid.Positions;
            ReadRows(flat, image, channel, channels, first, count, target, stride);
            return;
        }
        bool isNarrow = isPerPixel && grid.Width < 2 * V.Lanes && VirtualLanes % grid.Width == 0;
        if (isNarrow && grid.Positions % V.Lanes == 0 && first % V.Lanes == 0 && count % V.Lanes == 0)
            ReadNarrow(grid, image, channel, channels, first, count, target, stride);
        else
            ReadRows(grid, image, channel, channels, first, count, target, stride);
    }

    // In a narrow image, read as one long row, a tap sees every pixel at the same distance from its position, once the pixels are
    // zero that a window beyond the left or right edge would find in the row above or below: one copy of the image per column of taps.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadNarrow(in TapGrid grid, in ScaledImage image, int channel, int channels, long first, int count, float* target, nint stride)
    {
        int copies = 0, reach = 0, width = grid.Width, pixels = grid.Positions;
        int* copyOfTap = stackalloc int[grid.Taps];
        float* masks = stackalloc float[grid.Taps * VirtualLanes];
        for (int t = 0; t < grid.Taps; t++)
        {
            int x = grid.TapColumns[t], same = 0;
            while (same < t && grid.TapColumns[same] != x)
                same++;
            copyOfTap[t] = same < t ? copyOfTap[same] : copies;
            reach = Math.Max(reach, Math.Abs((grid.TapRows[t] * width) + x));
            if (same < t)
                continue;
            for (int i = 0; i < VirtualLanes; i++)
                masks[(copies * VirtualLanes) + i] = BitConverter.Int32BitsToSingle(i % width >= x && i % width < width + x ? -1 : 0);
            copies++;
        }
        for (int done = 0; done < count;)
        {
            long sample = (first + done) / pixels;
            int position = (int)(first + done - (sample * pixels)), run = Math.Min(count - done, pixels - position);
            // Pixels that the taps reach, in whole registers, with zeros outside the image.
            int begin = position - ((reach + V.Lanes - 1) / V.Lanes * V.Lanes), length = run + (2 * (position - begin));
            float* copied = Scratch.Get(ScratchUse.Rows, (long)channels * copies * length);
            long firstPlane = (sample * grid.Channels) + channel;
            for (int c = 0; c < channels; c++)
            {
                float* plane = image.Pixels + ((firstPlane + c) * pixels), copy = copied + ((long)c * copies * length);
                V scale = V.Broadcast(image.Scale == null ? 1 : image.Scale[firstPlane + c]);
                for (int i = 0; i < length; i += V.Lanes)
                {
                    int pixel = begin + i;
                    V value = pixel < 0 || pixel >= pixels ? V.Broadcast(0) : V.Multiply(scale, V.Load(plane + pixel));
                    for (int k = 0; k < copies; k++)
                        V.Store(copy + (k * length) + i, V.Keep(V.Load(masks + (k * VirtualLanes) + (pixel & (VirtualLanes - 1))), value));
                }
            }
            for (int t = 0; t < grid.Taps; t++)
            {
                float* copy = copied + (copyOfTap[t] * length) + (position - begin) + (grid.TapRows[t] * width) + grid.TapColumns[t];
                float* to = target + (t * stride) + done;
                for (int c = 0; c < channels; c++, copy += (long)copies * length, to += grid.Taps * stride)
                    for (int i = 0; i < run; i += V.Lanes)
                        V.Store(to + i, V.Load(copy + i));
            }
            done += run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadRows(in TapGrid grid, in ScaledImage image, int channel, int channels, long first, int count, float* target, nint stride)
    {
        for (int done = 0; done < count;)
        {
            long sample = (first + done) / grid.Positions;
            int position = (int)(first + done - (sample * grid.Positions));
            int row = position / grid.Columns, column = position - (row * grid.Columns);
            int run = Math.Min(count - done, grid.Columns - column);
            long firstPlane = (sample * grid.Channels) + channel;
            for (int t = 0; t < grid.Taps; t++)
            {
                int y = (row * grid.Step) + grid.TapRows[t], x = (column * grid.Step) + grid.TapColumns[t];
                // Positions [begin, end) of the run see pixels of the image.
                int begin = Math.Min(run, x >= 0 ? 0 : (-x + grid.Step - 1) / grid.Step);
                int end = Math.Clamp((grid.Width - x + grid.Step - 1) / grid.Step, begin, run);
                if (y < 0 || y >= grid.Height)
                    begin = end = run;
                float* source = image.Pixels + (firstPlane * grid.Height * grid.Width) + ((long)y * grid.Width) + x;
                float* to = target + (t * stride) + done;
                nint plane = (nint)grid.Height * grid.Width, next = grid.Taps * stride;
                float* scale = image.Scale == null ? null : image.Scale + firstPlane;
                if (grid.Step == 1 && begin == 0 && end == run && run % V.Lanes == 0)
                    CopyWhole(source, plane, scale, channels, run, to, next);
                else
                    CopyPart(source, plane, grid.Step, scale, channels, begin, end, run, to, next);
            }
            done += run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyWhole(float* source, nint plane, float* scale, int channels, int run, float* target, nint next)
    {
        for (int c = 0; c < channels; c++, source += plane, target += next)
        {
            V factor = V.Broadcast(scale == null ? 1 : scale[c]);
            for (int i = 0; i < run; i += V.Lanes)
                V.Store(target + i, V.Multiply(factor, V.Load(source + i)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyPart(
        float* source, nint plane, int step, float* scale, int channels, int begin, int end, int run, float* target, nint next)
    {
        for (int c = 0; c < channels; c++, source += plane, target += next)
        {
            for (int i = 0; i < begin; i++)
                target[i] = 0;
            Copy(source, step, begin, end, scale == null ? 1 : scale[c], target);
            for (int i = end; i < run; i++)
                target[i] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, int step, int begin, int end, float scale, float* target)
    {
        if (step == 1 && end - begin >= V.Lanes)
        {
            V factor = V.Broadcast(scale);
            int i = begin;
            for (; i <= end - V.Lanes; i += V.Lanes)
                V.Store(target + i, V.Multiply(factor, V.Load(source + i)));
            // The last register overlaps the one before it.
            if (i < end)
                V.Store(target + end - V.Lanes, V.Multiply(factor, V.Load(source + end - V.Lanes)));
            return;
        }
        int next = begin;
        if (step == 2)
        {
            // Whole registers only while the odd pixel behind the last is one of the row's.
            V factor = V.Broadcast(scale);
            for (; next < end - V.Lanes; next += V.Lanes)
                V.Store(target + next, V.Multiply(factor, V.Even(V.Load(source + (2 * next)), V.Load(source + (2 * next) + V.Lanes))));
        }
        for (; next < end; next++)
            target[next] = scale * source[next * step];
    }
}
