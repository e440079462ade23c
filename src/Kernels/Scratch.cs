using System.Runtime.InteropServices;

namespace Atelier.Kernels;

/// <summary>What a thread keeps scratch memory for: one buffer each, so that a kernel may hold several at once.</summary>
internal enum ScratchUse
{
    /// <summary>Weights in a kernel's own order, made by the thread that calls and read by the whole team.</summary>
    SharedWeights,

    /// <summary>An image in a kernel's own order, shared likewise.</summary>
    SharedImage,

    /// <summary>A gradient in a kernel's own order, shared likewise.</summary>
    SharedGradient,

    /// <summary>Packed or transformed left operand of a product.</summary>
    Left,

    /// <summary>Packed or transformed right operand of a product.</summary>
    Right,

    /// <summary>Result of a product before it is stored.</summary>
    Product,

    /// <summary>Rows of pixels on their way in or out.</summary>
    Rows,
}

/// <summary>
/// Memory that a thread keeps between calls: page faults on fresh memory would cost as much as the transforms it is for.
/// </summary>
internal sealed unsafe class Scratch
{
    private const nuint Alignment = 4096;

    [ThreadStatic]
    private static Scratch[]? _ofThread;

    private float* _memory;
    private long _floats;

    ~Scratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>Room for <paramref name="floats"/> numbers, aligned to a page; what an earlier call wrote is gone.</summary>
    public static float* Get(ScratchUse use, long floats)
    {
        var ofThread = _ofThread ??= [.. Enum.GetValues<ScratchUse>().Select(_ => new Scratch())];
        return ofThread[(int)use].Grow(floats);
    }

    private float* Grow(long floats)
    {
        if (floats > _floats)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null; // in case the next line throws
            _floats = 0;
            _memory = (float*)NativeMemory.AlignedAlloc(checked((nuint)floats * sizeof(float)), Alignment);
            _floats = floats;
        }
        return _memory;
    }
}
