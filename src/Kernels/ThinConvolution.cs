using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// 1×1 convolutions with few channels on one side, as the ways to and from RGB are: the wide image is read once, as it lies. Each element has
/// the bits that <see cref="DirectConvolution{V}"/> and <see cref="DirectWeightGradient{V}"/> would give it.
/// </summary>
internal static unsafe class ThinConvolution<V>
    where V : struct, IVector<V>
{
    private const int Lanes = Vectors.VirtualLanes;

    // Channels of the thin image that are summed at once; one that is missing is summed as the last again, and not stored.
    private const int Thin = 4;

    /// <summary>Whether it is for this shape.</summary>
    public static bool Takes(in ConvolutionShape shape) =>
        shape is { Kernel: 1, Stride: 1, Padding: 0 } && Math.Min(shape.Inputs, shape.Outputs) <= Thin && Math.Max(shape.Inputs, shape.Outputs) >= Lanes;

    /// <summary><see cref="Convolution.Forward"/>.</summary>
    public static void Forward(in ConvolutionShape shape, ScaledImage x, KernelWeights w, float* y, Epilogue* epilogue) =>
        Apply(shape, x, shape.Inputs, shape.Outputs, w.Stored, w.InputStride, w.OutputStride, y, epilogue);

    /// <summary><see cref="Convolution.InputGradient"/>.</summary>
    public static void InputGradient(in ConvolutionShape shape, ScaledImage g, KernelWeights w, float* x, Epilogue* epilogue) =>
        Apply(shape, g, shape.Outputs, shape.Inputs, w.Stored, w.OutputStride, w.InputStride, x, epilogue);

    private static void Apply(
        in ConvolutionShape shape, ScaledImage from, int fromChannels, int toChannels, float* w, long fromStride, long toStride, float* to, Epilogue* epilogue)
    {
        bool narrows = toChannels < fromChannels;
        var (wideChannels, thinChannels) = narrows ? (fromChannels, toChannels) : (toChannels, fromChannels);
        var (wideStride, thinStride) = narrows ? (fromStride, toStride) : (toStride, fromStride);
        float* rows = Scratch.Get(ScratchUse.SharedWeights, (long)thinChannels * wideChannels);
        for (int t = 0; t < thinChannels; t++)
            for (int i = 0; i < wideChannels; i++)
                rows[((long)t * wideChannels) + i] = w[(t * thinStride) + (i * wideStride)];
        int plane = shape.Height * shape.Width, block = Math.Min(plane, ThinRows<V>.ColumnBlock), blocks = (plane + block - 1) / block;
        ThreadTeam.Current.For(shape.Samples * blocks, 1 + (MatrixProduct.GrainProducts / ((wideChannels * Thin * block) + 1)), (begin, end) =>
        {
            for (int piece = begin; piece < end; piece++)
            {
                long sample = piece / blocks;
                int first = piece % blocks * block, count = Math.Min(block, plane - first);
                float* source = from.Pixels + (sample * fromChannels * plane) + first, target = to + (sample * toChannels * plane);
                float* scale = from.Scale == null ? null : from.Scale + (sample * fromChannels);
                if (narrows)
                    ThinRows<V>.Multiply(thinChannels, count, wideChannels, rows, wideChannels, source, plane, scale, target + first, plane);
                else
                    Widen(wideChannels, count, thinChannels, rows, source, plane, scale, target + first);
                for (int channel = 0; channel < toChannels && epilogue != null; channel++)
                {
                    float* row = target + ((long)channel * plane);
                    EpilogueRows<V>.Finish(*epilogue, (sample * toChannels) + channel, row + first, row, first, count);
                }
            }
        });
    }

    private static void Widen(int wideChannels, int count, int thinChannels, float* rows, float* source, int plane, float* scale, float* target)
    {
        int pitch = plane;
        if (scale != null)
        {
            float* scaled = Scratch.Get(ScratchUse.Right, Thin * ThinRows<V>.ColumnBlock);
            for (int t = 0; t < thinChannels; t++)
                for (int p = 0; p < count; p++)
                    scaled[(t * ThinRows<V>.ColumnBlock) + p] = scale[t] * source[((long)t * plane) + p];
            source = scaled;
            pitch = ThinRows<V>.ColumnBlock;
        }
        OuterProducts<V>.Multiply(wideChannels, count, thinChannels, rows, wideChannels, source, pitch, target, plane);
    }

    /// <summary><see cref="Convolution.WeightGradient"/>; <paramref name="w"/> is written. Channels of the wide image are lanes.</summary>
    public static void WeightGradient(in ConvolutionShape shape, ScaledImage x, ScaledImage g, KernelWeights w)
    {
        bool readsWide = shape.Inputs > shape.Outputs;
        var (wide, thin) = readsWide ? (x, g) : (g, x);
        var (wideChannels, thinChannels) = readsWide ? (shape.Inputs, shape.Outputs) : (shape.Outputs, shape.Inputs);
        var (wideStride, thinStride) = readsWide ? (w.InputStride, w.OutputStride) : (w.OutputStride, w.InputStride);
        int positions = shape.Height * shape.Width;
        var blocks = new PositionBlocks(shape.Samples, positions, DirectWeightGradient<V>.BlockPositions);
        int grain = 1 + (int)(MatrixProduct.GrainProducts / ((Lanes * Thin * (long)shape.Samples * positions) + 1));
        ThreadTeam.Current.For((wideChannels + Lanes - 1) / Lanes, grain, (begin, end) =>
        {
            float* totals = stackalloc float[2 * Thin * Lanes], sums = totals + (Thin * Lanes);
            for (int group = begin; group < end; group++)
            {
                int channel = group * Lanes, lanes = Math.Min(Lanes, wideChannels - channel);
                new Span<float>(totals, Thin * Lanes).Clear();
                for (int block = 0; block < blocks.Count; block++)
                {
                    var (first, count) = blocks[block];
                    float* target = block == 0 ? totals : sums;
                    new Span<float>(target, Thin * Lanes).Clear();
                    for (int done = 0; done < count;)
                    {
                        long sample = (first + done) / positions;
                        int position = (int)(first + done - (sample * positions)), run = Math.Min(count - done, positions - position);
                        long row = (sample * wideChannels) + channel;
                        Add(
                            wide.Pixels + (row * positions) + position, wide.Scale == null ? null : wide.Scale + row, lanes,
                            thin.Pixels + (sample * thinChannels * positions) + position, thin.Scale == null ? null : thin.Scale + (sample * thinChannels), thinChannels,
                            positions, run, target);
                        done += run;
                    }
                    if (block > 0)
                        for (int i = 0; i < Thin * Lanes; i++)
                            totals[i] += sums[i];
                }
                for (int t = 0; t < thinChannels; t++)
                    for (int lane = 0; lane < lanes; lane++)
                        w.Stored[((channel + lane) * wideStride) + (t * thinStride)] = totals[(t * Lanes) + lane];
            }
        });
    }

    // sums[t][lane] += Σₚ wide[lane][p]·thin[t][p], in the order of p.
    [SkipLocalsInit]
    private static void Add(float* wide, float* wideScale, int lanes, float* thin, float* thinScale, int thinChannels, nint plane, int count, float* sums)
    {
        float* turned = stackalloc float[(Lanes * Lanes) + Lanes], factors = turned + (Lanes * Lanes);
        new Span<float>(factors, Lanes).Fill(1);
        if (lanes < Lanes)
            new Span<float>(turned, Lanes * Lanes).Clear();
        if (wideScale != null)
            new ReadOnlySpan<float>(wideScale, lanes).CopyTo(new Span<float>(factors, Lanes));
        float Factor(int t) => thinScale == null ? 1 : thinScale[t];
        int t1 = Math.Min(1, thinChannels - 1), t2 = Math.Min(2, thinChannels - 1), t3 = Math.Min(3, thinChannels - 1);
        for (int p = 0; p < count; p += Lanes)
        {
            int pixels = Math.Min(Lanes, count - p);
            Transpose.Block(wide + p, plane, lanes, pixels, turned, Lanes);
            Add(
                turned, factors, pixels, thin + p, thin + (t1 * plane) + p, thin + (t2 * plane) + p, thin + (t3 * plane) + p,
                Factor(0), Factor(t1), Factor(t2), Factor(t3), sums);
        }
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void Add(
        float* wide, float* factors, int count, float* thin0, float* thin1, float* thin2, float* thin3, float f0, float f1, float f2, float f3, float* sums)
    {
        for (int lane = 0; lane < Lanes; lane += V.Lanes)
        {
            V factor = V.Load(factors + lane);
            float* sum = sums + lane, pixel = wide + lane;
            V s0 = V.Load(sum), s1 = V.Load(sum + Lanes), s2 = V.Load(sum + (2 * Lanes)), s3 = V.Load(sum + (3 * Lanes));
            for (int p = 0; p < count; p++, pixel += Lanes)
            {
                V x = V.Multiply(factor, V.Load(pixel));
                s0 = V.MultiplyAdd(V.Broadcast(f0 * thin0[p]), x, s0);
                s1 = V.MultiplyAdd(V.Broadcast(f1 * thin1[p]), x, s1);
                s2 = V.MultiplyAdd(V.Broadcast(f2 * thin2[p]), x, s2);
                s3 = V.MultiplyAdd(V.Broadcast(f3 * thin3[p]), x, s3);
            }
            V.Store(sum, s0);
            V.Store(sum + Lanes, s1);
            V.Store(sum + (2 * Lanes), s2);
            V.Store(sum + (3 * Lanes), s3);
        }
    }
}
