namespace Atelier.Kernels;

/// <summary>One of the maps that Winograd's algorithm has: an image read, an image written, and the weight between them.</summary>
internal unsafe struct WinogradMap
{
    /// <summary>[samples, inputs, height, width].</summary>
    public ScaledImage Image;

    /// <summary>Sizes of what is read.</summary>
    public int Samples, Inputs, Height, Width;

    /// <summary>[samples, outputs, height, width].</summary>
    public float* Target;

    /// <summary>Sizes of what is written.</summary>
    public int Outputs, TargetHeight, TargetWidth;

    /// <summary>Tiles in a column and in a row.</summary>
    public int TileRows, TilesAcross;

    /// <summary>The weight, the side of it that is written, and whether the map turns it by 180°.</summary>
    public KernelWeights Weights;

    public WeightSide Side;

    public bool Turned;

    /// <summary>Of what is written, or null.</summary>
    public Epilogue* Epilogue;

    public readonly int Strips => Samples * TileRows;

    public readonly int Tiles => Strips * TilesAcross;
}

/// <summary>Convolutions 3×3 by Winograd's algorithm: transforms around one matrix product for every frequency.</summary>
internal static unsafe class WinogradConvolution<V, TAxis>
    where V : struct, IVector<V>
    where TAxis : struct, IWinogradAxis
{
    private const int Lanes = Vectors.VirtualLanes;
    private const int Matrices = 36;

    // Tiles whose transforms stay near while all weights pass: more where the weights are large, which pass with every block.
    private const int BlockTiles = 24;
    private const int BlockTilesOfLargeWeight = 64;
    private const long LargeWeight = 128 * 128;

    // Outputs whose weights are transformed at a time where the weights outweigh the image.
    private const int StreamedOutputs = 32;

    // Added to strides that would otherwise put all frequencies, or all tiles, into the same cache sets.
    private const int SetShift = 16;

    private static int Frequencies => WinogradInput<V, TAxis>.Frequencies;

    // With stride 2 there are twice as many frequencies to a tile.
    private static bool IsStrided => Frequencies > Matrices;

    // Outputs whose sums stay near.
    private static int ChunkOutputs => IsStrided ? 64 : 128;

    /// <summary>Runs the map. Inputs and outputs are multiples of 16.</summary>
    public static void Run(WinogradMap map)
    {
        if (map.Outputs > 2 * map.Tiles)
            StreamWeights(map);
        else
            StreamImage(map);
    }

    // All weights once, then block after block of tiles.
    private static void StreamImage(WinogradMap map)
    {
        int inputs = map.Inputs, outputs = map.Outputs, panelColumns = ProductTiles<V>.PanelColumns;
        nint weightPlane = WeightPlane(inputs, outputs);
        float* u = Scratch.Get(ScratchUse.SharedWeights, Matrices * weightPlane);
        ThreadTeam.Current.For(outputs / Lanes, 1, (begin, end) =>
        {
            for (int group = begin; group < end; group++)
                TransformWeights(map, group * Lanes, u + PanelOf(group * Lanes, inputs, panelColumns), weightPlane);
        });
        int blockTiles = (long)inputs * outputs > LargeWeight && !IsStrided ? BlockTilesOfLargeWeight : BlockTiles;
        int blockStrips = Math.Min(map.Strips, Math.Max(1, blockTiles / map.TilesAcross));
        ThreadTeam.Current.For((map.Strips + blockStrips - 1) / blockStrips, 1, (begin, end) =>
        {
            int most = blockStrips * map.TilesAcross, chunk = Math.Min(outputs, ChunkOutputs);
            nint tileStride = inputs + SetShift, imagePlane = (most * tileStride) + SetShift, sumPlane = (most * chunk) + SetShift;
            float* v = Scratch.Get(ScratchUse.Left, Frequencies * imagePlane), m = Scratch.Get(ScratchUse.Product, Frequencies * sumPlane);
            for (int first = begin * blockStrips; first < Math.Min(map.Strips, end * blockStrips); first += blockStrips)
            {
                int strips = Math.Min(blockStrips, map.Strips - first);
                for (int i = 0; i < strips; i++)
                    TransformStrip(map, first + i, 0, inputs, v + (i * map.TilesAcross * tileStride), tileStride, imagePlane);
                for (int output = 0; output < outputs; output += chunk)
                {
                    int here = Math.Min(chunk, outputs - output);
                    Products(v, tileStride, imagePlane, strips * map.TilesAcross, inputs, u + PanelOf(output, inputs, panelColumns), weightPlane, here, m, chunk, sumPlane);
                    Store(map, first, strips, output, here, m, chunk, sumPlane);
                }
            }
        });
    }

    // All tiles once, then chunk after chunk of the weights, which would be larger transformed than anything else here.
    private static void StreamWeights(WinogradMap map)
    {
        int inputs = map.Inputs, outputs = map.Outputs, tiles = map.Tiles, groups = inputs / Lanes;
        nint tileStride = inputs + SetShift, imagePlane = (tiles * tileStride) + SetShift;
        float* v = Scratch.Get(ScratchUse.SharedImage, Frequencies * imagePlane);
        ThreadTeam.Current.For(map.Strips * groups, 1, (begin, end) =>
        {
            for (int i = begin; i < end; i++)
            {
                int strip = i / groups, channel = i % groups * Lanes;
                TransformStrip(map, strip, channel, channel + Lanes, v + (strip * map.TilesAcross * tileStride), tileStride, imagePlane);
            }
        });
        ThreadTeam.Current.For((outputs + StreamedOutputs - 1) / StreamedOutputs, 1, (begin, end) =>
        {
            int panelColumns = ProductTiles<V>.PanelColumns;
            nint weightPlane = WeightPlane(inputs, StreamedOutputs), sumPlane = (tiles * StreamedOutputs) + SetShift;
            float* u = Scratch.Get(ScratchUse.Right, Matrices * weightPlane), m = Scratch.Get(ScratchUse.Product, Frequencies * sumPlane);
            for (int output = begin * StreamedOutputs; output < Math.Min(outputs, end * StreamedOutputs); output += StreamedOutputs)
            {
                int here = Math.Min(StreamedOutputs, outputs - output);
                for (int lane = 0; lane < here; lane += Lanes)
                    TransformWeights(map, output + lane, u + PanelOf(lane, inputs, panelColumns), weightPlane);
                Products(v, tileStride, imagePlane, tiles, inputs, u, weightPlane, here, m, StreamedOutputs, sumPlane);
                Store(map, 0, map.Strips, output, here, m, StreamedOutputs, sumPlane);
            }
        });
    }

    // A matrix of transformed weights: panels [inputs][panelColumns].
    private static nint WeightPlane(int inputs, int outputs)
    {
        int panelColumns = ProductTiles<V>.PanelColumns;
        return ((nint)inputs * ((outputs + panelColumns - 1) / panelColumns * panelColumns)) + SetShift;
    }

    private static nint PanelOf(int output, int inputs, int panelColumns) =>
        ((nint)(output / panelColumns) * panelColumns * inputs) + (output % panelColumns);

    private static void TransformWeights(in WinogradMap map, int output, float* u, nint plane)
    {
        int panelColumns = ProductTiles<V>.PanelColumns;
        float* kernels = Scratch.Get(ScratchUse.Rows, Lanes * 9 * Lanes);
        for (int input = 0; input < map.Inputs; input += Lanes)
        {
            map.Weights.ReadLanes(map.Side, output, input, Lanes, kernels);
            WinogradOutput<V, TAxis>.Weights(kernels, Lanes, map.Turned, u + ((nint)input * panelColumns), panelColumns, plane);
        }
    }

    private static void TransformStrip(in WinogradMap map, int strip, int firstInput, int endInput, float* v, nint tileStride, nint plane)
    {
        float* rows = Scratch.Get(ScratchUse.Rows, WinogradInput<V, TAxis>.Floats(map.TilesAcross));
        int sample = strip / map.TileRows, tileRow = strip % map.TileRows;
        for (int input = firstInput; input < endInput; input += Lanes)
        {
            long channel = ((long)sample * map.Inputs) + input;
            float* scale = map.Image.Scale == null ? null : map.Image.Scale + channel;
            WinogradInput<V, TAxis>.Transform(
                map.Image.Pixels + (channel * map.Height * map.Width), scale, map.Height, map.Width, tileRow, map.TilesAcross, rows, v + input, tileStride, plane);
        }
    }

    private static void Products(
        float* v, nint tileStride, nint imagePlane, int tiles, int inputs, float* u, nint weightPlane, int outputs, float* m, int sumStride, nint sumPlane)
    {
        int panelColumns = ProductTiles<V>.PanelColumns;
        for (int f = 0; f < Frequencies; f++)
        {
            float* matrix = u + (WinogradOutput<V, TAxis>.MatrixOf(f) * weightPlane);
            for (int output = 0; output < outputs; output += panelColumns)
                ProductTiles<V>.Multiply(
                    tiles, Math.Min(panelColumns, outputs - output), inputs, v + (f * imagePlane), tileStride, 1,
                    matrix + ((nint)output * inputs), panelColumns, m + (f * sumPlane) + output, sumStride, false);
        }
    }

    private static void Store(in WinogradMap map, int firstStrip, int strips, int output, int count, float* m, int sumStride, nint sumPlane)
    {
        float* rows = Scratch.Get(ScratchUse.Rows, WinogradOutput<V, TAxis>.Floats(map.TilesAcross));
        for (int i = 0; i < strips; i++)
        {
            int sample = (firstStrip + i) / map.TileRows, tileRow = (firstStrip + i) % map.TileRows;
            for (int o = 0; o < count; o += Lanes)
            {
                long row = ((long)sample * map.Outputs) + output + o;
                WinogradOutput<V, TAxis>.Transform(m + (i * map.TilesAcross * sumStride) + o, sumStride, sumPlane, map.TilesAcross, rows);
                WinogradOutput<V, TAxis>.Store(
                    rows, map.TilesAcross, map.Target + (row * map.TargetHeight * map.TargetWidth), map.TargetHeight, map.TargetWidth, tileRow, row, map.Epilogue);
            }
        }
    }
}
