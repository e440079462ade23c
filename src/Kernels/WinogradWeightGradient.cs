using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// The weight's gradient by Winograd's algorithm: Gᵀ[Σ (Bᵀ d B) ⊙ (A ȳ Aᵀ)]G over all tiles. Each frequency is a matrix product
/// whose depth is the tiles, and frequencies that meet the same weight add up; blocks of tiles are summed from zero, then added in
/// their order.
/// </summary>
internal static unsafe class WinogradWeightGradient<V, TImage, TGradient>
    where V : struct, IVector<V>
    where TImage : struct, IWinogradAxis
    where TGradient : struct, IWinogradGradient
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
    private const int Lanes = Vectors.VirtualLanes;
    private const int Weights = 6; // along an axis
    private const int Matrices = Weights * Weights;

    // Tiles of a block: more where the sums, which pass through the cache with every block, are large, unless there are more
    // frequencies than sums. Where they outweigh the images it is all tiles, for a few outputs at a time.
    private const int BlockTiles = 64;
    private const int BlockTilesOfLargeSums = 256;
    private const long LargeSums = 128 * 128;
    private const long HugeSums = 256 * 256;
    private const long MostFloatsAtOnce = 5_000_000;
    private const int ChunkOutputs = 32;

    // Added to strides that would otherwise put all frequencies into the same cache sets.
    private const int SetShift = 16;

    private static int Frequencies => WinogradInput<V, TImage>.Frequencies;

    /// <summary><see cref="Convolution.WeightGradient"/>; <paramref name="w"/> is written.</summary>
    public static void Run(in ConvolutionShape shape, ScaledImage x, ScaledImage g, KernelWeights w)
    {
        int inputs = shape.Inputs, outputs = shape.Outputs, tilesAcross = shape.OutputWidth / 4, strips = shape.Samples * (shape.OutputHeight / 4);
        int tiles = strips * tilesAcross;
        long pairs = (long)inputs * outputs;
        bool atOnce = pairs > HugeSums && (long)Frequencies * tiles * (inputs + outputs) <= MostFloatsAtOnce;
        int blockStrips = atOnce ? strips : Math.Min(strips, Math.Max(1, (pairs >= LargeSums && shape.Stride == 1 ? BlockTilesOfLargeSums : BlockTiles) / tilesAcross)), most = blockStrips * tilesAcross;
        int panelColumns = ProductTiles<V>.PanelColumns, padded = (outputs + panelColumns - 1) / panelColumns * panelColumns;
        nint imagePlane = ((nint)most * inputs) + SetShift, gradientPlane = ((nint)most * padded) + SetShift;
        float* image = Scratch.Get(ScratchUse.SharedImage, Frequencies * imagePlane);
        float* gradient = Scratch.Get(ScratchUse.SharedGradient, Frequencies * gradientPlane);
        var sizes = shape;
        if (atOnce)
        {
            Transform(sizes, x, g, 0, strips, most, image, imagePlane, gradient, gradientPlane);
            ThreadTeam.Current.For((outputs + ChunkOutputs - 1) / ChunkOutputs, 1, (begin, end) =>
            {
                nint plane = ((nint)inputs * ChunkOutputs) + SetShift;
                float* sums = Scratch.Get(ScratchUse.Product, Matrices * plane);
                for (int output = begin * ChunkOutputs; output < Math.Min(outputs, end * ChunkOutputs); output += ChunkOutputs)
                {
                    int here = Math.Min(ChunkOutputs, outputs - output);
                    for (int matrix = 0; matrix < Matrices; matrix++)
                        Products(
                            matrix, image, imagePlane, inputs, gradient + ((nint)output * most), gradientPlane, here, tiles, most,
                            sums + (matrix * plane), ChunkOutputs, false);
                    for (int input = 0; input < inputs; input += Lanes)
                        Finish(sums + ((nint)input * ChunkOutputs), plane, ChunkOutputs, w, input, output, here);
                }
            });
            return;
        }
        nint sumPlane = ((nint)inputs * outputs) + SetShift;
        float* total = Scratch.Get(ScratchUse.SharedWeights, Matrices * sumPlane);
        for (int first = 0; first < strips; first += blockStrips)
        {
            int count = Math.Min(blockStrips, strips - first) * tilesAcross;
            bool add = first > 0;
            Transform(sizes, x, g, first, count / tilesAcross, most, image, imagePlane, gradient, gradientPlane);
            ThreadTeam.Current.For(Matrices, 1, (begin, end) =>
            {
                for (int matrix = begin; matrix < end; matrix++)
                    Products(matrix, image, imagePlane, inputs, gradient, gradientPlane, outputs, count, most, total + (matrix * sumPlane), outputs, add);
            });
        }
        ThreadTeam.Current.For(inputs / Lanes, 1, (begin, end) =>
        {
            for (int input = begin * Lanes; input < end * Lanes; input += Lanes)
                Finish(total + ((nint)input * outputs), sumPlane, outputs, w, input, 0, outputs);
        });
    }

    // Panels of 16 inputs [tile][16] and of outputs [tile][panelColumns], each `most` tiles long.
    private static void Transform(
        ConvolutionShape shape, ScaledImage x, ScaledImage g, int firstStrip, int strips, int most, float* image, nint imagePlane, float* gradient, nint gradientPlane)
    {
        int tilesAcross = shape.OutputWidth / 4, tileRows = shape.OutputHeight / 4, inputGroups = shape.Inputs / Lanes, groups = inputGroups + (shape.Outputs / Lanes);
        ThreadTeam.Current.For(groups * strips, 1, (begin, end) =>
        {
            int panelColumns = ProductTiles<V>.PanelColumns;
            float* rows = Scratch.Get(ScratchUse.Rows, Math.Max(WinogradInput<V, TImage>.Floats(tilesAcross), WinogradInput<V, TGradient>.Floats(tilesAcross)));
            for (int piece = begin; piece < end; piece++)
            {
                int group = piece / strips, i = piece % strips, sample = (firstStrip + i) / tileRows, tileRow = (firstStrip + i) % tileRows;
                nint tile = (nint)i * tilesAcross;
                if (group < inputGroups)
                {
                    int channel = group * Lanes;
                    long plane = ((long)sample * shape.Inputs) + channel;
                    WinogradInput<V, TImage>.Transform(
                        x.Pixels + (plane * shape.Height * shape.Width), x.Scale == null ? null : x.Scale + plane, shape.Height, shape.Width, tileRow, tilesAcross,
                        rows, image + ((nint)channel * most) + (tile * Lanes), Lanes, imagePlane);
                }
                else
                {
                    int channel = (group - inputGroups) * Lanes;
                    long plane = ((long)sample * shape.Outputs) + channel;
                    WinogradInput<V, TGradient>.Transform(
                        g.Pixels + (plane * shape.OutputHeight * shape.OutputWidth), g.Scale == null ? null : g.Scale + plane, shape.OutputHeight, shape.OutputWidth, tileRow, tilesAcross,
                        rows, gradient + ((nint)(channel / panelColumns * panelColumns) * most) + (tile * panelColumns) + (channel % panelColumns), panelColumns, gradientPlane);
                }
            }
        });
    }

    // The frequencies that meet one matrix of weights: one of them, unless an axis has more points than weights.
    private static void Products(
        int matrix, float* image, nint imagePlane, int inputs, float* gradient, nint gradientPlane, int outputs, int tiles, int most, float* sums, int sumStride, bool add)
    {
        int panelColumns = ProductTiles<V>.PanelColumns, row = matrix / Weights, column = matrix % Weights, endRow = EndOfPoints(row), endColumn = EndOfPoints(column);
        for (int output = 0; output < outputs; output += panelColumns)
            for (int input = 0; input < inputs; input += Lanes)
            {
                bool more = add;
                for (int y = row; y < endRow; y++)
                    for (int x = column; x < endColumn; x++, more = true)
                    {
                        int f = (y * TImage.Points) + x;
                        ProductTiles<V>.Multiply(
                            Lanes, Math.Min(panelColumns, outputs - output), tiles, image + (f * imagePlane) + ((nint)input * most), 1, Lanes,
                            gradient + (f * gradientPlane) + ((nint)output * most), panelColumns, sums + ((nint)input * sumStride) + output, sumStride, more);
                    }
            }
    }

    // Points of an axis that meet a weight follow each other, and the first has the weight's number.
    private static int EndOfPoints(int weight) => weight == Weights - 1 ? TImage.Points : weight + 1;

    // 16 inputs and some outputs: Gᵀ d G, and from [input][tap][16 outputs] to where they are stored.
    [SkipLocalsInit]
    private static void Finish(float* sums, nint plane, nint stride, in KernelWeights w, int input, int output, int outputs)
    {
        const int Taps = 9;
        float* taps = stackalloc float[Lanes * Taps * Lanes];
        for (int o = 0; o < outputs; o += Lanes)
        {
            for (int i = 0; i < Lanes; i++)
                FinishTaps(sums + (i * stride) + o, plane, taps + (i * Taps * Lanes), w.Flip);
            float* target = w.Stored + ((output + o) * w.OutputStride) + (input * w.InputStride);
            if (w.Order == WeightOrder.OutputsFirst)
                Transpose.Block(taps, Lanes, Lanes * Taps, Lanes, target, (nint)w.OutputStride);
            else
                for (int i = 0; i < Lanes; i++)
                    Transpose.Block(taps + (i * Taps * Lanes), Lanes, Taps, Lanes, target + (i * w.InputStride), (nint)w.OutputStride);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(Hot)]
    private static void FinishTaps(float* sums, nint plane, float* taps, bool flip)
    {
        float* half = stackalloc float[3 * 6 * Lanes];
        nint first = flip ? 8 * Lanes : 0, step = flip ? -Lanes : Lanes;
        for (int lane = 0; lane < Lanes; lane += V.Lanes)
        {
            for (int j = 0; j < 6; j++)
                TGradient.Weight<V>(sums + lane + (j * plane), 6 * plane, half + (j * Lanes), 6 * Lanes);
            for (int j = 0; j < 3; j++)
                TGradient.Weight<V>(half + (6 * j * Lanes), Lanes, taps + first + lane + (3 * j * step), step);
        }
    }
}
