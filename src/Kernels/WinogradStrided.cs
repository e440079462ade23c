using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// What the two axes of stride 2 share: F(4, 2) at the points 0, ±1, 2, ∞ for the taps 0 and 2 of three, which meet the even
/// pixels, and tap 1, which meets the odd ones, by itself at four "points" more. Nine products instead of twelve.
/// </summary>
internal static unsafe class TwoPhases
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public const int Points = 9;

    public static int WeightOf(int point) => Math.Min(point, 5);

    //        ⎡2 −1 −2  1  0⎤
    //        ⎢0 −2 −1  1  0⎥
    //   Bᵀ = ⎢0  2 −3  1  0⎥
    //        ⎢0 −1  0  1  0⎥
    //        ⎣0  2 −1 −2  1⎦
    [MethodImpl(Inline)]
    public static void Input<V>(V d0, V d1, V d2, V d3, V d4, float* o, nint to)
        where V : struct, IVector<V>
    {
        V two = V.Broadcast(2), odd = V.Subtract(d3, d1);
        V.Store(o, V.MultiplyAdd(two, V.Subtract(d0, d2), odd));
        V.Store(o + to, V.NegatedMultiplyAdd(two, d1, V.Subtract(d3, d2)));
        V.Store(o + (2 * to), V.MultiplyAdd(two, d1, V.NegatedMultiplyAdd(V.Broadcast(3), d2, d3)));
        V.Store(o + (3 * to), odd);
        V.Store(o + (4 * to), V.NegatedMultiplyAdd(two, odd, V.Subtract(d4, d2)));
    }

    //        ⎡1  1  1  1  0⎤
    //   Aᵀ = ⎢0  1 −1  2  0⎥
    //        ⎢0  1  1  4  0⎥
    //        ⎣0  1 −1  8  1⎦
    [MethodImpl(Inline)]
    public static void Output<V>(float* m, nint from, out V o0, out V o1, out V o2, out V o3)
        where V : struct, IVector<V>
    {
        V m0 = V.Load(m), m1 = V.Load(m + from), m2 = V.Load(m + (2 * from)), m3 = V.Load(m + (3 * from)), m4 = V.Load(m + (4 * from));
        V sum = V.Add(m1, m2), difference = V.Subtract(m1, m2);
        o0 = V.Add(V.Add(m0, sum), m3);
        o1 = V.MultiplyAdd(V.Broadcast(2), m3, difference);
        o2 = V.MultiplyAdd(V.Broadcast(4), m3, sum);
        o3 = V.Add(V.MultiplyAdd(V.Broadcast(8), m3, difference), m4);
    }

    //        ⎡ 1/2  0    0 ⎤
    //        ⎢−1/2  0 −1/2 ⎥
    //   G  = ⎢−1/6  0  1/6 ⎥
    //        ⎢ 1/6  0  1/3 ⎥
    //        ⎢  0   0   1  ⎥
    //        ⎣  0   1   0  ⎦
    [MethodImpl(Inline)]
    public static void Weight<V>(float* w, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V w0 = V.Load(w), w1 = V.Load(w + from), w2 = V.Load(w + (2 * from)), sixth = V.Broadcast(1f / 6);
        V.Store(o, V.Multiply(V.Broadcast(.5f), w0));
        V.Store(o + to, V.Multiply(V.Broadcast(-.5f), V.Add(w0, w2)));
        V.Store(o + (2 * to), V.Multiply(sixth, V.Subtract(w2, w0)));
        V.Store(o + (3 * to), V.MultiplyAdd(sixth, w0, V.Multiply(V.Broadcast(1f / 3), w2)));
        V.Store(o + (4 * to), w2);
        V.Store(o + (5 * to), w1);
    }
}

/// <summary>Stride 2 without padding, 2n + 1 pixels to n: y[i] = x[2i]·w₀ + x[2i + 1]·w₁ + x[2i + 2]·w₂. Nine pixels to four.</summary>
internal readonly unsafe struct HalvingAxis : IWinogradAxis
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Points
    {
        [MethodImpl(Inline)]
        get => TwoPhases.Points;
    }

    public static int InputPixels
    {
        [MethodImpl(Inline)]
        get => 9;
    }

    public static int InputStep => 8;

    public static int Margin => 0;

    public static int OutputPixels
    {
        [MethodImpl(Inline)]
        get => 4;
    }

    public static int WeightOf(int point) => TwoPhases.WeightOf(point);

    [MethodImpl(Inline)]
    public static void Input<V>(float* d, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V d1 = V.Load(d + from), d3 = V.Load(d + (3 * from)), d5 = V.Load(d + (5 * from)), d7 = V.Load(d + (7 * from));
        TwoPhases.Input(V.Load(d), V.Load(d + (2 * from)), V.Load(d + (4 * from)), V.Load(d + (6 * from)), V.Load(d + (8 * from)), o, to);
        V.Store(o + (5 * to), d1);
        V.Store(o + (6 * to), d3);
        V.Store(o + (7 * to), d5);
        V.Store(o + (8 * to), d7);
    }

    [MethodImpl(Inline)]
    public static void Output<V>(float* m, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        TwoPhases.Output(m, from, out V o0, out V o1, out V o2, out V o3);
        V.Store(o, V.Add(o0, V.Load(m + (5 * from))));
        V.Store(o + to, V.Add(o1, V.Load(m + (6 * from))));
        V.Store(o + (2 * to), V.Add(o2, V.Load(m + (7 * from))));
        V.Store(o + (3 * to), V.Add(o3, V.Load(m + (8 * from))));
    }

    [MethodImpl(Inline)]
    public static void Weight<V>(float* w, nint from, float* o, nint to)
        where V : struct, IVector<V> => TwoPhases.Weight<V>(w, from, o, to);
}

/// <summary>
/// Its adjoint with the kernel turned, n pixels to the first 2n of 2n + 1: x[2i] = g[i − 1]·w₀ + g[i]·w₂, x[2i + 1] = g[i]·w₁.
/// Five pixels to eight.
/// </summary>
internal readonly unsafe struct DoublingAxis : IWinogradAxis
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Points
    {
        [MethodImpl(Inline)]
        get => TwoPhases.Points;
    }

    public static int InputPixels
    {
        [MethodImpl(Inline)]
        get => 5;
    }

    public static int InputStep => 4;

    public static int Margin => 1;

    public static int OutputPixels
    {
        [MethodImpl(Inline)]
        get => 8;
    }

    public static int WeightOf(int point) => TwoPhases.WeightOf(point);

    [MethodImpl(Inline)]
    public static void Input<V>(float* d, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V d1 = V.Load(d + from), d2 = V.Load(d + (2 * from)), d3 = V.Load(d + (3 * from)), d4 = V.Load(d + (4 * from));
        TwoPhases.Input(V.Load(d), d1, d2, d3, d4, o, to);
        V.Store(o + (5 * to), d1);
        V.Store(o + (6 * to), d2);
        V.Store(o + (7 * to), d3);
        V.Store(o + (8 * to), d4);
    }

    [MethodImpl(Inline)]
    public static void Output<V>(float* m, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        TwoPhases.Output(m, from, out V o0, out V o1, out V o2, out V o3);
        V m5 = V.Load(m + (5 * from)), m6 = V.Load(m + (6 * from)), m7 = V.Load(m + (7 * from)), m8 = V.Load(m + (8 * from));
        V.Store(o, o0);
        V.Store(o + to, m5);
        V.Store(o + (2 * to), o1);
        V.Store(o + (3 * to), m6);
        V.Store(o + (4 * to), o2);
        V.Store(o + (5 * to), m7);
        V.Store(o + (6 * to), o3);
        V.Store(o + (7 * to), m8);
    }

    [MethodImpl(Inline)]
    public static void Weight<V>(float* w, nint from, float* o, nint to)
        where V : struct, IVector<V> => TwoPhases.Weight<V>(w, from, o, to);
}

/// <summary>The gradient of stride 2: A and Gᵀ of <see cref="HalvingAxis"/>. Four gradients to nine points, the last four as they are.</summary>
internal readonly unsafe struct HalvingGradientAxis : IWinogradGradient
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Points
    {
        [MethodImpl(Inline)]
        get => TwoPhases.Points;
    }

    public static int InputPixels
    {
        [MethodImpl(Inline)]
        get => 4;
    }

    public static int InputStep => 4;

    public static int Margin => 0;

    [MethodImpl(Inline)]
    public static void Input<V>(float* d, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V d0 = V.Load(d), d1 = V.Load(d + from), d2 = V.Load(d + (2 * from)), d3 = V.Load(d + (3 * from));
        V even = V.Add(d0, d2), odd = V.Add(d1, d3);
        V.Store(o, d0);
        V.Store(o + to, V.Add(even, odd));
        V.Store(o + (2 * to), V.Subtract(even, odd));
        V.Store(o + (3 * to), V.Add(V.MultiplyAdd(V.Broadcast(4), d2, d0), V.MultiplyAdd(V.Broadcast(8), d3, V.Multiply(V.Broadcast(2), d1))));
        V.Store(o + (4 * to), d3);
        V.Store(o + (5 * to), d0);
        V.Store(o + (6 * to), d1);
        V.Store(o + (7 * to), d2);
        V.Store(o + (8 * to), d3);
    }

    [MethodImpl(Inline)]
    public static void Weight<V>(float* u, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V u0 = V.Load(u), u1 = V.Load(u + from), u2 = V.Load(u + (2 * from)), u3 = V.Load(u + (3 * from)), u4 = V.Load(u + (4 * from)), u5 = V.Load(u + (5 * from));
        V half = V.Broadcast(.5f), sixth = V.Broadcast(1f / 6);
        V.Store(o, V.MultiplyAdd(half, V.Subtract(u0, u1), V.Multiply(sixth, V.Subtract(u3, u2))));
        V.Store(o + to, u5);
        V.Store(o + (2 * to), V.Add(V.NegatedMultiplyAdd(half, u1, V.Multiply(sixth, u2)), V.MultiplyAdd(V.Broadcast(1f / 3), u3, u4)));
    }
}
