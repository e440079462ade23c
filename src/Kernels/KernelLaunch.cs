using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Work in independent pieces, whose body is written once for every width of register.</summary>
internal interface IKernel
{
    /// <summary>Does the pieces from begin to end.</summary>
    void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector>;
}

/// <summary>What a processor has: the widest registers a kernel may take.</summary>
internal enum VectorWidth
{
    Portable = 128,
    Avx2 = 256,
    Avx512 = 512,
}

/// <summary>Runs kernels at the processor's width on the calling thread's team.</summary>
internal static class KernelLaunch
{
    /// <summary>How the hot loops compile: at once and in full, since a kernel that starts in the first tier is slow for seconds.</summary>
    public const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <summary>A thread is not worth waking for less than some ten microseconds of work: elements of a pass over memory.</summary>
    public const int GrainElements = 32768;

    [ThreadStatic]
    private static VectorWidth _width;

    /// <summary>The width of the kernels that this thread starts: the processor's, unless a test sets another.</summary>
    public static VectorWidth Width
    {
        get
        {
            if (_width == 0)
                _width = Vectors.HasAvx512 ? VectorWidth.Avx512 : Vectors.HasAvx2 ? VectorWidth.Avx2 : VectorWidth.Portable;
            return _width;
        }
        set => _width = value;
    }

    /// <summary>Divides the pieces over the team.</summary>
    /// <param name="kernel">The work.</param>
    /// <param name="count">Pieces.</param>
    /// <param name="elements">Elements in a piece.</param>
    /// <param name="widest">The widest registers that the work fills.</param>
    public static void Run<TKernel>(TKernel kernel, int count, long elements, VectorWidth widest = VectorWidth.Avx512)
        where TKernel : struct, IKernel
    {
        int grain = (int)Math.Max(1, GrainElements / Math.Max(1, elements));
        var team = ThreadTeam.Current;
        switch (Width < widest ? Width : widest)
        {
            case VectorWidth.Avx512:
                team.For(count, grain, (begin, end) => kernel.Run<Vector512Lanes>(begin, end));
                break;
            case VectorWidth.Avx2:
                team.For(count, grain, (begin, end) => kernel.Run<Vector256Lanes>(begin, end));
                break;
            default:
                team.For(count, grain, (begin, end) => kernel.Run<Vector128Lanes>(begin, end));
                break;
        }
    }
}

/// <summary>Which instructions the kernels are compiled to in this process.</summary>
public static class VectorInstructions
{
    /// <summary>"AVX-512", "AVX2" or "portable".</summary>
    public static string Name => Vectors.HasAvx512 ? "AVX-512" : Vectors.HasAvx2 ? "AVX2" : "portable";
}
