using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Atelier.Training.Interop;

/// <summary>
/// Memory for the results of kernels, kept for later ones. A step makes tensors of a few sizes again and again, from several
/// threads; the C library's heap, which cuts and joins blocks of any size, came to twice the memory that is in use at once.
/// </summary>
public static unsafe class TensorPool
{
    // Smaller ones are left to libtorch: they cost it little, and there are many sizes of them.
    private const long LeastBytes = 1 << 16;

    private const int Alignment = 64;

    // Sizes are rounded up to one of so many steps between powers of two. What is not written costs nothing.
    private const int StepsInOctave = 4;

    private static readonly Lock Gate = new();
    private static readonly Stack<nint>[] Free = [.. Enumerable.Range(0, 64 * StepsInOctave).Select(_ => new Stack<nint>())];
    private static long _reserved;

    /// <summary>Bytes taken from the system so far, in use or kept.</summary>
    public static long Reserved => Interlocked.Read(ref _reserved);

    /// <summary>A float32 tensor on the CPU whose numbers are whatever was there before.</summary>
    /// <param name="shape">Its shape.</param>
    public static Tensor Empty(params ReadOnlySpan<long> shape)
    {
        long bytes = sizeof(float);
        foreach (long size in shape)
            bytes *= size;
        if (bytes < LeastBytes)
            return empty(shape, ScalarType.Float32);
        nint memory = Take(bytes);
        fixed (long* sizes = shape)
        {
            nint handle = TensorOver(memory, &ReturnFromLibtorch, sizes, shape.Length, (sbyte)ScalarType.Float32, (sbyte)ScalarType.Float32, (int)TorchSharp.DeviceType.CPU, -1, 0);
            if (handle != 0)
                return Tensor.UnsafeCreateTensor(handle);
        }
        Return(memory);
        throw new InsufficientMemoryException($"libtorch could not make a tensor of {bytes} bytes");
    }

    /// <summary>The smallest kept block that fits and is not more than twice as large, or a new one.</summary>
    private static nint Take(long bytes)
    {
        int fitting = SizeClass(bytes);
        lock (Gate)
        {
            for (int candidate = fitting; candidate <= fitting + StepsInOctave; candidate++)
            {
                if (Free[candidate].TryPop(out nint block))
                    return block;
            }
        }
        long capacity = Capacity(fitting);
        // The class stands in front of the numbers.
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)capacity + Alignment, Alignment);
        *(int*)memory = fitting;
        Interlocked.Add(ref _reserved, capacity);
        return (nint)(memory + Alignment);
    }

    /// <summary>Called by libtorch, on any thread, when the last tensor over a block is gone.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReturnFromLibtorch(nint block) => Return(block);

    private static void Return(nint block)
    {
        lock (Gate)
            Free[*(int*)(block - Alignment)].Push(block);
    }

    private static int SizeClass(long bytes)
    {
        int octave = BitOperations.Log2((ulong)bytes - 1);
        long step = (1L << octave) / StepsInOctave;
        return (octave * StepsInOctave) + (int)((bytes - 1 - (1L << octave)) / step);
    }

    private static long Capacity(int sizeClass)
    {
        var (octave, steps) = Math.DivRem(sizeClass, StepsInOctave);
        return (1L << octave) + ((steps + 1) * ((1L << octave) / StepsInOctave));
    }

#pragma warning disable SYSLIB1054 // blittable
    [DllImport("LibTorchSharp", EntryPoint = "THSTensor_new")]
    private static extern nint TensorOver(
        nint memory, delegate* unmanaged[Cdecl]<nint, void> release, long* sizes, int dimensions, sbyte type, sbyte asType, int device, int index, byte requiresGradient);
#pragma warning restore SYSLIB1054
}
