using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// Convolutions as matrix products, for every shape: the weights times the image's columns (<see cref="ImageColumns{V}"/>), a
/// block of positions at a time. The adjoint in the image is the same on every stride-th pixel, with the taps that reach it.
/// </summary>
internal static unsafe class DirectConvolution<V>
    where V : struct, IVector<V>
{
    private const int BlockPositions = 128;
    private const int BlockRows = 96;

    /// <summary><see cref="Convolution.Forward"/>.</summary>
    public static void Forward(in ConvolutionShape shape, ScaledImage x, KernelWeights w, float* y, Epilogue* epilogue)
    {
        int taps = shape.Taps;
        int* offsets = stackalloc int[3 * taps];
        var grid = TapGrid.Over(shape, offsets);
        int* stored = offsets + (2 * taps);
        for (int t = 0; t < taps; t++)
        {
            (grid.TapRows[t], grid.TapColumns[t]) = ((t / shape.Kernel) - shape.Padding, (t % shape.Kernel) - shape.Padding);
            stored[t] = w.Flip ? taps - 1 - t : t;
        }
        var rows = new WeightRows { Start = w.Stored, Row = (nint)w.OutputStride, Channel = (nint)w.InputStride, Taps = stored };
        var target = new Target { Pixels = y, Channels = shape.Outputs, Height = grid.Rows, Width = grid.Columns, Step = 1, Epilogue = epilogue };
        Run(grid, shape.Samples, x, rows, target);
    }

    /// <summary><see cref="Convolution.InputGradient"/>.</summary>
    public static void InputGradient(in ConvolutionShape shape, ScaledImage g, KernelWeights w, float* x, Epilogue* epilogue)
    {
        InputGradient(shape, g, w, x, (0, shape.Height), (0, shape.Width));
        if (epilogue != null)
            EpilogueRows<V>.Finish(*epilogue, x, (long)shape.Samples * shape.Inputs, (long)shape.Height * shape.Width);
    }

    /// <summary>The same without epilogue, for a part of the image: rows and columns from first to before last.</summary>
    public static void InputGradient(in ConvolutionShape shape, ScaledImage g, KernelWeights w, float* x, (int First, int End) rows, (int First, int End) columns)
    {
        int taps = shape.Taps, stride = shape.Stride;
        // Every stride-th row and column is one pass, with its own taps.
        int down = Math.Min(stride, rows.End - rows.First), across = Math.Min(stride, columns.End - columns.First);
        if (down <= 0 || across <= 0)
            return;
        int* offsets = stackalloc int[3 * taps];
        int* stored = offsets + (2 * taps);
        var passes = stackalloc TapGrid[down * across];
        int before = 0;
        for (int i = 0; i < down * across; i++)
        {
            int row = rows.First + (i / across), column = columns.First + (i % across);
            var grid = new TapGrid
            {
                Channels = shape.Outputs,
                Height = shape.OutputHeight,
                Width = shape.OutputWidth,
                Rows = (rows.End - row + stride - 1) / stride,
                Columns = (columns.End - column + stride - 1) / stride,
                Step = 1,
                TapRows = offsets + before,
                TapColumns = offsets + taps + before,
            };
            // Pixel p of x meets tap t of the window at (p + padding − t)/stride, where that divides.
            for (int ty = (row + shape.Padding) % stride; ty < shape.Kernel; ty += stride)
                for (int tx = (column + shape.Padding) % stride; tx < shape.Kernel; tx += stride)
                {
                    int y = (row + shape.Padding - ty) / stride, left = (column + shape.Padding - tx) / stride;
                    bool meetsNone = y >= grid.Height || y + grid.Rows <= 0 || left >= grid.Width || left + grid.Columns <= 0;
                    if (meetsNone)
                        continue;
                    int tap = (ty * shape.Kernel) + tx;
                    stored[before + grid.Taps] = w.Flip ? taps - 1 - tap : tap;
                    (grid.TapRows[grid.Taps], grid.TapColumns[grid.Taps++]) = (y, left);
                }
            before += grid.Taps;
            passes[i] = grid;
        }
        var weights = new WeightRows { Start = w.Stored, Row = (nint)w.InputStride, Channel = (nint)w.OutputStride, Taps = stored };
        for (int i = 0; i < down * across; i++)
        {
            var target = new Target
            {
                Pixels = x,
                Channels = shape.Inputs,
                Height = shape.Height,
                Width = shape.Width,
                Step = stride,
                Row = rows.First + (i / across),
                Column = columns.First + (i % across),
            };
            Run(passes[i], shape.Samples, g, weights, target);
            weights.Taps += passes[i].Taps;
        }
    }

    // Where positions lie in the result: (row + step·y, column + step·x).
    private struct Target
    {
        public float* Pixels;
        public int Channels, Height, Width, Step, Row, Column;
        public Epilogue* Epilogue;
    }

    // The weights where they are stored, as rows of a matrix, one per channel that is written: floats from one to the next, from a
    // channel that is read to the next, and to each tap. They are not packed: on small images each is used too seldom to repay it.
    private struct WeightRows
    {
        public float* Start;
        public nint Row, Channel;
        public int* Taps;

        /// <summary>Bytes to the elements of a row that are summed from zero before they join the total: [channel, tap].</summary>
        public int* Offsets;
    }

    private static void Run(TapGrid grid, int samples, ScaledImage image, WeightRows w, Target target)
    {
        var blocks = new PositionBlocks(samples, grid.Positions, BlockPositions);
        int outputs = target.Channels, lanes = KernelWeights.Lanes, groups = (outputs + lanes - 1) / lanes;
        int channels = Math.Min(BlockChannels(grid), grid.Channels);
        int* offsets = stackalloc int[channels * grid.Taps], next = offsets;
        w.Offsets = offsets;
        for (int c = 0; c < channels; c++)
            for (int t = 0; t < grid.Taps; t++)
                *next++ = checked((int)(sizeof(float) * ((c * w.Channel) + w.Taps[t])));
        // Every block of positions by every group of outputs, blocks outermost: a share reads a block's columns once.
        int pieces = blocks.Count * groups, products = grid.Channels * grid.Taps * BlockPositions * lanes;
        ThreadTeam.Current.For(pieces, 1 + (MatrixProduct.GrainProducts / (products + 1)), (begin, end) =>
        {
            for (int piece = begin; piece < end;)
            {
                int block = piece / groups, first = piece % groups, last = Math.Min(groups, first + end - piece);
                var (position, count) = blocks[block];
                Block(grid, image, w, target, position, count, first * lanes, Math.Min(outputs, last * lanes));
                piece += last - first;
            }
        });
    }

    // Channels in a block of the depth.
    private static int BlockChannels(in TapGrid grid) => Math.Max(1, MatrixProduct.DepthBlock / Math.Max(1, grid.Taps));

    private static void Block(in TapGrid grid, in ScaledImage image, in WeightRows w, in Target target, long position, int count, int firstOutput, int endOutput)
    {
        int panelColumns = ProductTiles<V>.PanelColumns, panels = (count + panelColumns - 1) / panelColumns;
        int outputs = endOutput - firstOutput, depth = grid.Channels * grid.Taps;
        int blockChannels = BlockChannels(grid);
        int pitch = panels * panelColumns;
        float* columns = Scratch.Get(ScratchUse.Right, (long)Math.Min(blockChannels, grid.Channels) * grid.Taps * pitch);
        float* sums = Scratch.Get(ScratchUse.Product, (long)outputs * pitch);
        if (depth == 0)
            new Span<float>(sums, outputs * pitch).Clear();
        for (int channel = 0; channel < grid.Channels && depth > 0; channel += blockChannels)
        {
            int channels = Math.Min(blockChannels, grid.Channels - channel), rows = channels * grid.Taps;
            for (int p = 0; p < panels; p++)
            {
                int first = p * panelColumns, width = Math.Min(panelColumns, count - first);
                float* panel = columns + ((long)p * panelColumns * rows);
                ImageColumns<V>.Read(grid, image, channel, channels, position + first, width, panel, panelColumns);
                for (int i = 0; i < rows && width < panelColumns; i++)
                    new Span<float>(panel + ((long)i * panelColumns) + width, panelColumns - width).Clear();
            }
            for (int output = 0; output < outputs; output += BlockRows)
                for (int p = 0; p < panels; p++)
                {
                    int last = Math.Min(outputs, output + BlockRows);
                    float* panel = columns + ((long)p * panelColumns * rows), sum = sums + (p * panelColumns);
                    ProductTiles<V>.Multiply(
                        last - output, panelColumns, rows, w.Start + ((firstOutput + output) * w.Row) + (channel * w.Channel), w.Row, w.Offsets,
                        panel, panelColumns, sum + ((long)output * pitch), pitch, channel > 0);
                }
        }
        Store(grid, target, sums, pitch, position, count, firstOutput, outputs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Store(in TapGrid grid, in Target target, float* sums, int pitch, long position, int count, int firstOutput, int outputs)
    {
        long plane = (long)target.Height * target.Width;
        bool contiguous = target.Step == 1 && target.Row == 0 && grid.Columns == target.Width;
        for (int done = 0; done < count;)
        {
            long sample = (position + done) / grid.Positions;
            int first = (int)(position + done - (sample * grid.Positions));
            int run = Math.Min(count - done, grid.Positions - first);
            for (int o = 0; o < outputs; o++)
            {
                long row = (sample * target.Channels) + firstOutput + o;
                float* from = sums + ((long)o * pitch) + done, to = target.Pixels + (row * plane);
                if (contiguous && target.Epilogue == null)
                    new ReadOnlySpan<float>(from, run).CopyTo(new Span<float>(to + first, run));
                else if (contiguous)
                    EpilogueRows<V>.Finish(*target.Epilogue, row, from, to, first, run);
                else
                    Spread(grid, target, from, to, first, run);
            }
            done += run;
        }
    }

    // Positions [first, first + count) of a plane, each to its own pixel.
    private static void Spread(in TapGrid grid, in Target target, float* from, float* to, int first, int count)
    {
        int y = first / grid.Columns, x = first - (y * grid.Columns);
        for (; count > 0; y++, x = 0)
        {
            int run = Math.Min(count, grid.Columns - x);
            float* pixel = to + ((long)(target.Row + (y * target.Step)) * target.Width) + target.Column + (x * target.Step);
            for (int i = 0; i < run; i++, pixel += target.Step)
                *pixel = from[i];
            from += run;
            count -= run;
        }
    }
}
