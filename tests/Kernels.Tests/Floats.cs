using System.Runtime.InteropServices;

namespace Atelier.Kernels.Tests;

/// <summary>Numbers in native memory, as kernels take them; NaN behind the end shows who reads or writes there.</summary>
internal sealed unsafe class Floats : IDisposable
{
    private const int Guard = 64;

    public Floats(long count)
    {
        Count = count;
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)(count + Guard) * sizeof(float), 64);
        All.Fill(float.NaN);
    }

    public long Count { get; }

    public float* Pointer { get; }

    public Span<float> Span => new(Pointer, (int)Count);

    private Span<float> All => new(Pointer, (int)Count + Guard);

    /// <summary>Uniform numbers in [−1, 1).</summary>
    public static Floats Random(long count, int seed)
    {
        var random = new Random(seed);
        var floats = new Floats(count);
        foreach (ref float value in floats.Span)
            value = (float)((random.NextDouble() * 2) - 1);
        return floats;
    }

    public static Floats Of(ReadOnlySpan<float> values)
    {
        var floats = new Floats(values.Length);
        values.CopyTo(floats.Span);
        return floats;
    }

    public double this[long i] => Pointer[i];

    public double Dot(Floats other)
    {
        double sum = 0;
        for (long i = 0; i < Count; i++)
            sum += this[i] * other[i];
        return sum;
    }

    /// <summary>The bits, all of them; nothing may have been written behind the end.</summary>
    public int[] Bits()
    {
        foreach (float value in All[(int)Count..])
            Assert.True(float.IsNaN(value), "written behind the end");
        return MemoryMarshal.Cast<float, int>(Span).ToArray();
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Pointer);
        GC.SuppressFinalize(this);
    }
}

/// <summary>Runs a kernel at every width and on several threads.</summary>
internal static class EveryWidth
{
    /// <summary>All runs must give the same bits, which are returned. The portable one has three threads.</summary>
    public static int[] SameBits(Func<int[]> run)
    {
        int[]? first = null;
        try
        {
            foreach (var width in new[] { VectorWidth.Portable, VectorWidth.Avx2, VectorWidth.Avx512 })
            {
                if (width == VectorWidth.Avx2 && !Vectors.HasAvx2)
                    continue;
                KernelLaunch.Width = width;
                ThreadTeam.DefaultThreads = width == VectorWidth.Portable ? 3 : 1;
                var bits = run();
                first ??= bits;
                Assert.Equal(first, bits);
            }
            return first!;
        }
        finally
        {
            KernelLaunch.Width = 0;
            ThreadTeam.DefaultThreads = 1;
        }
    }
}
