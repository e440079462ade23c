using System.Diagnostics;

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

/// <summary>A convolution's weight as it is stored, and how Winograd's transforms read it: 16 channels of the side they write as lanes.</summary>
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
    /// they are stored. Both sides have multiples of 16 channels.
    /// </summary>
    public void ReadLanes(WeightSide lanes, int lane, int other, int others, float* target)
    {
        Debug.Assert(Outputs % Lanes == 0 && Inputs % Lanes == 0, "whole groups of lanes");
        bool outputs = lanes == WeightSide.Outputs;
        long laneStride = outputs ? OutputStride : InputStride, otherStride = outputs ? InputStride : OutputStride;
        float* source = Stored + (lane * laneStride) + (other * otherStride), end = Stored + ((long)Outputs * Inputs * Taps);
        if (otherStride == Taps)
        {
            // A lane's kernels lie one behind the other: rows of any length.
            int columns = others * Taps;
            for (int j = 0; j < columns; j += Lanes)
                Transpose.Block(source + j, (nint)laneStride, Lanes, Math.Min(Lanes, columns - j), target + (j * Lanes), Lanes);
            return;
        }
        int rounded = (Taps + 3) / 4 * 4;
        for (int i = 0; i < others; i++, source += otherStride, target += Taps * Lanes)
        {
            // Whole fours of taps, where there is something to read behind the last, and a later channel comes over what is written there.
            bool reachesOver = source + ((Lanes - 1) * laneStride) + rounded > end || rounded > (others - i) * Taps;
            Transpose.Block(source, (nint)laneStride, Lanes, reachesOver ? Taps : rounded, target, Lanes);
        }
    }
}
