using System.Runtime.CompilerServices;

namespace Atelier.Kernels.Cuda;

#pragma warning disable CA1051 // parameter blocks, filled once and passed by reference; the twins of the structures in Source/*.cuh

/// <summary>Of the kernels in epilogue.cuh: a layer's epilogue, its gradient and the gradient of that. Pointers are into the GPU's memory.</summary>
public unsafe struct EpilogueArguments
{
    /// <summary>What the convolution gave; null where a gradient does not need it.</summary>
    public void* U;

    /// <summary>The result, for gradients.</summary>
    public void* Y;

    /// <summary>The gradient of the result.</summary>
    public void* Dy;

    /// <summary>The cotangent of the gradient of u; null: 0.</summary>
    public void* D;

    /// <summary>Receives y, the gradient of u, or the cotangent of dy; null where not wanted, but for y.</summary>
    public void* To;

    /// <summary>Receives the cotangent of u; null where not wanted.</summary>
    public void* ToU;

    /// <summary>[N·C] or null: 1.</summary>
    public float* Scale;

    /// <summary>[N or 1, pixels] or null.</summary>
    public float* Noise;

    /// <summary>[1], with noise.</summary>
    public float* Strength;

    /// <summary>[C] or null.</summary>
    public float* Bias;

    /// <summary>Cotangent of the gradient of the scale [N·C]; null: 0.</summary>
    public float* OfScale;

    /// <summary>Of the strength's [1]; null: 0.</summary>
    public float* OfStrength;

    /// <summary>Of the bias's [C]; null: 0.</summary>
    public float* OfBias;

    /// <summary>[3, parts, N·C] of a gradient: Σ dz, Σ dz·noise, Σ gain·dz·u; [1, parts, N·C] of a tangent: Σ gain·dz·d; null where not wanted.</summary>
    public float* Sums;

    /// <summary>Packs of 16 bytes, or numbers where it is not vectorised.</summary>
    public uint Packs;

    /// <summary>H·W.</summary>
    public uint Pixels;

    /// <summary>C.</summary>
    public uint Channels;

    /// <summary>N.</summary>
    public uint Images;

    /// <summary>From one image's noise to the next: pixels, or 0 where all have the same.</summary>
    public uint NoiseStride;

    /// <summary>1 for memory in the order [N, H, W, C].</summary>
    public uint ChannelsLast;

    /// <summary>Blocks that share a row.</summary>
    public uint Parts;

    /// <summary>Factor of u.</summary>
    public float Gain;

    /// <summary>Slope above 0.</summary>
    public float Positive;

    /// <summary>Slope at and below 0.</summary>
    public float Negative;

    /// <summary>Bound on |y|; +∞: none.</summary>
    public float Clamp;
}

/// <summary>The taps along an axis of a filter with one term, in the kernel's parameters.</summary>
[InlineArray(FirArguments.MostTaps)]
public struct FirTaps
{
    private float _first;
}

/// <summary>Of the kernels in fir.cuh.</summary>
public unsafe struct FirArguments
{
    /// <summary>Taps an axis that fit into the parameters.</summary>
    public const int MostTaps = 12;

    /// <summary>[N, C, height, width].</summary>
    public void* X;

    /// <summary>[N, C, output height, output width].</summary>
    public void* Y;

    /// <summary>[terms, rows] of a filter that has no kernel of its own.</summary>
    public float* ColumnTaps;

    /// <summary>[terms, columns].</summary>
    public float* RowTaps;

    /// <summary>Threads that have something to do.</summary>
    public uint Threads;

    /// <summary>C.</summary>
    public uint Channels;

    /// <summary>N.</summary>
    public uint Images;

    /// <summary>1 for memory in the order [N, H, W, C].</summary>
    public uint ChannelsLast;

    /// <summary>Of x.</summary>
    public int Height;

    /// <summary>Of x.</summary>
    public int Width;

    /// <summary>Of y.</summary>
    public int OutputHeight;

    /// <summary>Of y.</summary>
    public int OutputWidth;

    /// <summary>Negative: crops.</summary>
    public int PadLeft;

    /// <summary>Negative: crops.</summary>
    public int PadTop;

    /// <summary>Factors.</summary>
    public int UpX, UpY, DownX, DownY;

    /// <summary>Taps down.</summary>
    public int Rows;

    /// <summary>Taps across.</summary>
    public int Columns;

    /// <summary>Products of a column and a row filter.</summary>
    public int Terms;

    /// <summary>The only term's column filter.</summary>
    public FirTaps Column;

    /// <summary>The only term's row filter.</summary>
    public FirTaps Row;
}

/// <summary>Of the kernels in demodulation.cuh.</summary>
public unsafe struct DemodulationArguments
{
    /// <summary>Operands, by the kernel.</summary>
    public float* A, B, C;

    /// <summary>The result.</summary>
    public float* To;

    /// <summary>Threads: pairs of channels, or numbers.</summary>
    public uint Count;

    /// <summary>k².</summary>
    public uint Taps;

    /// <summary>Multiplies sums and products.</summary>
    public float Factor;

    /// <summary>1: adds to what is there.</summary>
    public uint Add;
}

/// <summary>Of optimizer_adam.</summary>
public unsafe struct AdamArguments
{
    /// <summary>[count] each; the gradient is not changed.</summary>
    public float* Parameters, Gradient, First, Second;

    /// <summary>[2]: NaNs and infinities, added to.</summary>
    public ulong* Found;

    /// <summary>Elements.</summary>
    public ulong Count;

    /// <summary>One step's constants.</summary>
    internal AdamConstants Constants;
}

/// <summary>Of optimizer_average.</summary>
public unsafe struct AverageArguments
{
    /// <summary>[count], changed.</summary>
    public float* Average;

    /// <summary>[count].</summary>
    public float* Parameters;

    /// <summary>Elements.</summary>
    public ulong Count;

    /// <summary>What is kept of the average.</summary>
    public float Beta;
}

/// <summary>Of philox_fill.</summary>
public unsafe struct PhiloxArguments
{
    /// <summary>[count], float32 or float64.</summary>
    public void* To;

    /// <summary>Numbers to write.</summary>
    public ulong Count;

    /// <summary>Both key words, the first in the low half.</summary>
    public ulong Key;

    /// <summary>Counter words 2 and 3.</summary>
    public ulong CounterHigh;

    /// <summary>The first one's place in the draw.</summary>
    public ulong First;

    /// <summary>1: normal, 0: uniform in [0, 1).</summary>
    public uint Normal;

    /// <summary>1: float64.</summary>
    public uint IsDouble;
}

/// <summary>Margins of a reflected border that an image has: the rest of the padding is 0.</summary>
public readonly record struct ReflectMargins(int Left, int Right, int Top, int Bottom);

/// <summary>Of augmentation_pad and augmentation_fold, its adjoint.</summary>
public unsafe struct ReflectArguments
{
    /// <summary>The image, or the padded one for the adjoint.</summary>
    public void* X;

    /// <summary>The padded image, or the image.</summary>
    public void* Y;

    /// <summary>[N] of <see cref="ReflectMargins"/>.</summary>
    public void* Margins;

    /// <summary>Elements of y.</summary>
    public uint Threads;

    /// <summary>C.</summary>
    public uint Channels;

    /// <summary>Of the image.</summary>
    public int Height, Width;

    /// <summary>Of the padded one: at least every image's.</summary>
    public int Left, Right, Top, Bottom;
}

/// <summary>An image's samples: see augmentation.cuh.</summary>
public struct WarpArguments
{
    /// <summary>Position of sample (row i, column j): x = p[0]·j + p[1]·i + p[2], y = p[3]·j + p[4]·i + p[5].</summary>
    public double P0, P1, P2, P3, P4, P5;

    /// <summary>Where the image's own part of a plane begins.</summary>
    public int ShiftX, ShiftY;

    /// <summary>Its size.</summary>
    public int Width, Height;
}

/// <summary>Of augmentation_read and augmentation_add, its adjoint.</summary>
public unsafe struct SampleArguments
{
    /// <summary>Planes, or samples for the adjoint.</summary>
    public void* X;

    /// <summary>Samples, or planes.</summary>
    public void* Y;

    /// <summary>[N] of <see cref="WarpArguments"/>.</summary>
    public void* Warps;

    /// <summary>Elements of y.</summary>
    public uint Threads;

    /// <summary>C.</summary>
    public uint Channels;

    /// <summary>Of a plane.</summary>
    public int Height, Width;

    /// <summary>Of the samples.</summary>
    public int SampleRows, SampleColumns;
}
#pragma warning restore CA1051
