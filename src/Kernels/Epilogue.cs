using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// What a layer does after its convolution u: z = gain·scale[row]·u + strength·noise + bias[c], y = clamp(z·(z > 0 ? positive : negative)).
/// Rows are (n, c) of [N, C, pixels].
/// </summary>
/// <remarks>y alone tells the slope and, where that is not 0, z: nothing else is kept for the backward pass.</remarks>
#pragma warning disable CA1051 // a parameter block, filled once and passed by reference to every kernel
public unsafe struct Epilogue
{
    /// <summary>C.</summary>
    public int Channels = 1;

    /// <summary>Numbers in a row.</summary>
    public long Pixels;

    /// <summary>Factor of the whole convolution: the weight's, of equalised learning rate.</summary>
    public float Gain = 1;

    /// <summary>[N·C], the demodulation; null: 1.</summary>
    public float* Scale;

    /// <summary>[N, pixels] or [pixels]; null: none.</summary>
    public float* Noise;

    /// <summary>From one image's noise to the next: pixels, or 0 where all have the same.</summary>
    public long NoiseStride;

    /// <summary>Factor of the noise.</summary>
    public float Strength;

    /// <summary>[C]; null: none.</summary>
    public float* Bias;

    /// <summary>Slope above 0: the activation's gain.</summary>
    public float Positive = 1;

    /// <summary>Slope at and below 0; equal to <see cref="Positive"/> for a linear layer.</summary>
    public float Negative = 1;

    /// <summary>Bound on |y|; +∞: none.</summary>
    public float Clamp = float.PositiveInfinity;

    /// <summary>The identity over rows of one channel.</summary>
    public Epilogue()
    {
    }
}
#pragma warning restore CA1051

/// <summary>The constants of one row of an <see cref="Epilogue"/>, one lane like the other. NaN stays NaN.</summary>
internal unsafe struct EpilogueRow<TVector>
    where TVector : struct, IVector<TVector>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public TVector Scale;
    public readonly TVector Strength;
    public TVector Bias;
    public readonly TVector Positive;
    public readonly TVector Negative;
    public readonly TVector Clamp;
    public readonly TVector MinusClamp;

    /// <summary>The row's noise [pixels], or null.</summary>
    public float* Noise;

    /// <summary>The row's channel.</summary>
    public int Channel;

    [MethodImpl(Inline)]
    public EpilogueRow(in Epilogue epilogue, long row)
    {
        MoveTo(in epilogue, row);
        Strength = TVector.Broadcast(epilogue.Strength);
        Positive = TVector.Broadcast(epilogue.Positive);
        Negative = TVector.Broadcast(epilogue.Negative);
        Clamp = TVector.Broadcast(epilogue.Clamp);
        MinusClamp = TVector.Broadcast(-epilogue.Clamp);
    }

    /// <summary>Takes the constants of another row of the same epilogue.</summary>
    [MethodImpl(Inline)]
    public void MoveTo(in Epilogue epilogue, long row)
    {
        int image = (int)row / epilogue.Channels;
        Scale = TVector.Broadcast(epilogue.Gain * (epilogue.Scale == null ? 1 : epilogue.Scale[row]));
        Channel = (int)row - (image * epilogue.Channels);
        Bias = TVector.Broadcast(epilogue.Bias == null ? 0 : epilogue.Bias[Channel]);
        Noise = epilogue.Noise == null ? null : epilogue.Noise + (image * epilogue.NoiseStride);
    }

    /// <summary>y of z.</summary>
    [MethodImpl(Inline)]
    public readonly TVector Activate(TVector z)
    {
        var y = TVector.Multiply(z, TVector.Select(TVector.Above(z, default), Positive, Negative));
        // In this order a NaN passes both: it is the second operand.
        return TVector.Max(MinusClamp, TVector.Min(Clamp, y));
    }

    /// <summary>y of u, whose first lane is the row's given pixel.</summary>
    [MethodImpl(Inline)]
    public readonly TVector Apply(TVector u, long pixel)
    {
        var z = TVector.MultiplyAdd(Scale, u, Bias);
        if (Noise != null)
            z = TVector.MultiplyAdd(Strength, TVector.Load(Noise + pixel), z);
        return Activate(z);
    }

    /// <summary>Where the clamp does not hold, from y.</summary>
    [MethodImpl(Inline)]
    public readonly TVector IsInside(TVector y) => TVector.Keep(TVector.Above(Clamp, y), TVector.Above(y, MinusClamp));

    /// <summary>dy/dz, from y, where the clamp does not hold.</summary>
    [MethodImpl(Inline)]
    public readonly TVector SlopeInside(TVector y) => TVector.Select(TVector.Above(y, default), Positive, Negative);

    /// <summary>dy/dz, from y: 0 where the clamp holds.</summary>
    [MethodImpl(Inline)]
    public readonly TVector Slope(TVector y) => TVector.Keep(IsInside(y), SlopeInside(y));
}
