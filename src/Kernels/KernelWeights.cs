using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>An image whose channels are multiplied as they are read.</summary>
/// <param name="pixels">[N, C, H, W].</param>
/// <param name="scale">[N, C], or null.</param>
internal readonly unsafe struct ScaledImage(float* pixels, float* scale)
{
    public readonly float* Pixels = pixels;
    public readonly float* Scale = scale;
}

/// <summary>One side of a weight: the channels that its convolution writes, or those that it reads.</summary>
internal enum WeightSide
{
    Outputs,
    Inputs,
}

/// <summary>A convolution's weight as it is stored, and how kernels read it: 16 channels of the side they write as lanes.</summary>
internal readonly unsafe struct KernelWeights(in ConvolutionShape shape, float* weights, WeightOrder order, bool flip)
{
    public const int Lanes = Vectors.VirtualLanes;

    public readonly float* Stored = weights;
    public readonly int Outputs = shape.Outputs;
    public readonly int Inputs = shape.Inputs;
    public readonly int Taps = shape.Taps;
    public readonly bool Flip = flip;
    public readonly WeightOrder Order = order;

    public long OutputStride => (Order == WeightOrder.OutputsFirst ? (long)Inputs : 1) * Taps;

    public long InputStride => (Order == WeightOrder.OutputsFirst ? 1 : (long)Outputs) * Taps;

    /// <summary>
    /// Lanes [lane, lane + 16) of one side and channels [other, other + others) of the other: target[other][tap][16], taps as
    /// they are stored, zeros in lanes that do not exist.
    /// </summary>
    public void ReadLanes(WeightSide lanes, int lane, int other, int others, float* target)
    {
        bool outputs = lanes == WeightSide.Outputs;
        long laneStride = outputs ? OutputStride : InputStride, otherStride = outputs ? InputStride : OutputStride;
        int count = Math.Min(Lanes, (outputs ? Outputs : Inputs) - lane);
        float* source = Stored + (lane * laneStride) + (other * otherStride), end = Stored + ((long)Outputs * Inputs * Taps);
        if (count < Lanes)
            new Span<float>(target, others * Taps * Lanes).Clear();
        if (otherStride == Taps)
        {
            // A lane's kernels lie one behind the other: rows of any length.
            int columns = others * Taps;
            for (int j = 0; j < columns; j += Lanes)
                Transpose.Block(source + j, (nint)laneStride, count, Math.Min(Lanes, columns - j), target + (j * Lanes), Lanes);
            return;
        }
        int rounded = (Taps + 3) / 4 * 4;
        for (int i = 0; i < others; i++, source += otherStride, target += Taps * Lanes)
        {
            // Whole fours of taps, where there is something to read behind the last, and a later channel comes over what is written there.
            bool reachesOver = source + ((count - 1) * laneStride) + rounded > end || rounded > (others - i) * Taps;
            Transpose.Block(source, (nint)laneStride, count, reachesOver || count < Lanes ? Taps : rounded, target, Lanes);
        }
    }

    /// <summary>
    /// All groups of 16 lanes, channels [other, other + others) of the other side, each tap where its map wants it: tap t of
    /// channel c at <paramref name="places"/>[t] + c·<paramref name="steps"/>[t]. Taps count row by row in the kernel as it is
    /// used; a negative place leaves one out.
    /// </summary>
    /// <remarks>Groups pass within a few channels, so that stored weights of either order are read as they lie.</remarks>
    public void Pack(WeightSide lanes, int other, int others, int* places, int* steps, float* target, long groupStride)
    {
        bool asRead = !Flip;
        for (int t = 0; t < Taps; t++)
            asRead &= places[t] == t * Lanes && steps[t] == Taps * Lanes;
        float* read = Scratch.Get(ScratchUse.Rows, others * Taps * Lanes);
        for (int lane = 0; lane < (lanes == WeightSide.Outputs ? Outputs : Inputs); lane += Lanes, target += groupStride)
        {
            if (asRead)
            {
                ReadLanes(lanes, lane, other, others, target + ((long)other * Taps * Lanes));
                continue;
            }
            ReadLanes(lanes, lane, other, others, read);
            for (int t = 0; t < Taps; t++)
            {
                if (places[t] < 0)
                    continue;
                float* from = read + ((Flip ? Taps - 1 - t : t) * Lanes), to = target + places[t] + ((long)other * steps[t]);
                for (int i = 0; i < others; i++, from += Taps * Lanes, to += steps[t])
                    Unsafe.CopyBlockUnaligned(to, from, Lanes * sizeof(float));
            }
        }
    }
}
