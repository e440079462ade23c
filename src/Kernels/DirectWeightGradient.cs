namespace Atelier.Kernels;

/// <summary>
/// The weight's gradient as a matrix product, for every shape: the image's columns, a row per input and tap, times the output's
/// gradient with outputs as columns, summed over blocks of positions in their order.
/// </summary>
internal static unsafe class DirectWeightGradient<V>
    where V : struct, IVector<V>
{
    /// <summary>Positions that are summed from zero before they join the total.</summary>
    public const int BlockPositions = 256;

    private const int BlockRows = 96;

    // Added to the pitch of rows that would otherwise fall into the same cache sets.
    private const int SetShift = 16;

    /// <summary><see cref="Convolution.WeightGradient"/>; <paramref name="w"/> is written.</summary>
    public static void Run(in ConvolutionShape shape, ScaledImage x, ScaledImage g, KernelWeights w)
    {
        int taps = shape.Taps;
        int* offsets = stackalloc int[2 * taps];
        var grid = TapGrid.Over(shape, offsets);
        // Rows in the order in which the taps are stored.
        for (int t = 0; t < taps; t++)
        {
            int tap = w.Flip ? taps - 1 - t : t;
            (grid.TapRows[t], grid.TapColumns[t]) = ((tap / shape.Kernel) - shape.Padding, (tap % shape.Kernel) - shape.Padding);
        }
        var blocks = new PositionBlocks(shape.Samples, grid.Positions, BlockPositions);
        int panelColumns = ProductTiles<V>.PanelColumns, panels = (shape.Outputs + panelColumns - 1) / panelColumns;
        int outputs = shape.Outputs, inputs = shape.Inputs, samples = shape.Samples;
        float* gradient = Scratch.Get(ScratchUse.SharedImage, (long)samples * grid.Positions * panels * panelColumns);
        ThreadTeam.Current.For(blocks.Count, 1, (begin, end) =>
        {
            for (int block = begin; block < end; block++)
            {
                var (first, count) = blocks[block];
                PackGradient(g, grid.Positions, outputs, panels, first, count, gradient + (first * panels * panelColumns));
            }
        });
        int blockChannels = Math.Max(1, BlockRows / taps);
        ThreadTeam.Current.For((inputs + blockChannels - 1) / blockChannels, 1, (begin, end) =>
        {
            int pitch = panels * panelColumns, columnPitch = BlockPositions + SetShift;
            float* columns = Scratch.Get(ScratchUse.Left, (long)blockChannels * taps * columnPitch);
            float* sums = Scratch.Get(ScratchUse.Product, (long)blockChannels * taps * pitch);
            for (int channel = begin * blockChannels; channel < Math.Min(inputs, end * blockChannels); channel += blockChannels)
            {
                int channels = Math.Min(blockChannels, inputs - channel), rows = channels * taps;
                if (blocks.Count == 0)
                    new Span<float>(sums, rows * pitch).Clear();
                for (int block = 0; block < blocks.Count; block++)
                {
                    var (first, count) = blocks[block];
                    ImageColumns<V>.Read(grid, x, channel, channels, first, count, columns, columnPitch);
                    float* panel = gradient + (first * pitch);
                    for (int p = 0; p < panels; p++, panel += (long)panelColumns * count)
                        ProductTiles<V>.Multiply(
                            rows, panelColumns, count, columns, columnPitch, 1, panel, panelColumns, sums + (p * panelColumns), pitch, block > 0);
                }
                Store(w, sums, pitch, channel, channels);
            }
        });
    }

    // Panels [position][outputs of the panel], zeros beyond the last output.
    private static void PackGradient(in ScaledImage g, int positions, int outputs, int panels, long first, int count, float* packed)
    {
        const int Lanes = Vectors.VirtualLanes;
        int panelColumns = ProductTiles<V>.PanelColumns;
        for (int o = 0; o < panels * panelColumns; o += Lanes)
        {
            int lanes = Math.Clamp(outputs - o, 0, Lanes);
            float* panel = packed + ((long)(o / panelColumns) * panelColumns * count) + (o % panelColumns);
            for (int done = 0; done < count;)
            {
                long sample = (first + done) / positions;
                int position = (int)(first + done - (sample * positions));
                int run = Math.Min(Lanes, Math.Min(count - done, positions - position));
                float* target = panel + ((long)done * panelColumns);
                Transpose.Block(g.Pixels + (((sample * outputs) + o) * positions) + position, positions, lanes, run, target, panelColumns);
                for (int i = 0; i < run; i++)
                {
                    float* row = target + ((long)i * panelColumns);
                    if (g.Scale != null)
                        for (int l = 0; l < lanes; l++)
                            row[l] *= g.Scale[(sample * outputs) + o + l];
                    for (int l = lanes; l < Lanes; l++)
                        row[l] = 0;
                }
                done += run;
            }
        }
    }

    // sums[(input, tap)][output]
    private static void Store(in KernelWeights w, float* sums, int pitch, int channel, int channels)
    {
        const int Lanes = Vectors.VirtualLanes;
        for (int o = 0; o < w.Outputs; o += Lanes)
        {
            int lanes = Math.Min(Lanes, w.Outputs - o);
            if (w.Order == WeightOrder.OutputsFirst)
                for (int r = 0; r < channels * w.Taps; r += Lanes)
                    Transpose.Block(
                        sums + ((long)r * pitch) + o, pitch, Math.Min(Lanes, (channels * w.Taps) - r), lanes,
                        w.Stored + (o * w.OutputStride) + (channel * w.InputStride) + r, (nint)w.OutputStride);
            else
                for (int i = 0; i < channels; i++)
                    Transpose.Block(
                        sums + ((long)i * w.Taps * pitch) + o, pitch, w.Taps, lanes,
                        w.Stored + (o * w.OutputStride) + ((channel + i) * w.InputStride), (nint)w.OutputStride);
        }
    }
}
