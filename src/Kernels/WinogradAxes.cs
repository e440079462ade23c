using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// Winograd's minimal filtering along one axis (Winograd 1980; Lavin and Gray 2016): a tile of the output is
/// Aᵀ[(G w) ⊙ (Bᵀ d)], with d the pixels that it needs. In two dimensions the transforms act on rows, then on columns.
/// </summary>
/// <remarks>Transforms read every element before they write one, each a register; steps in floats.</remarks>
internal unsafe interface IWinogradAxis : IWinogradInput
{
    /// <summary>Pixels that a tile writes.</summary>
    static abstract int OutputPixels { get; }

    /// <summary>The element of G w, of six, that meets a point.</summary>
    static abstract int WeightOf(int point);

    /// <summary>Aᵀ m.</summary>
    static abstract void Output<V>(float* m, nint from, float* o, nint to)
        where V : struct, IVector<V>;

    /// <summary>G w, three taps to six.</summary>
    static abstract void Weight<V>(float* w, nint from, float* o, nint to)
        where V : struct, IVector<V>;
}

/// <summary>How pixels become the points of a product.</summary>
internal unsafe interface IWinogradInput
{
    /// <summary>Products per tile.</summary>
    static abstract int Points { get; }

    /// <summary>Pixels that a tile reads.</summary>
    static abstract int InputPixels { get; }

    /// <summary>From a tile's first pixel to the next tile's.</summary>
    static abstract int InputStep { get; }

    /// <summary>Pixels of the first tile that lie before the image.</summary>
    static abstract int Margin { get; }

    /// <summary>Bᵀ d.</summary>
    static abstract void Input<V>(float* d, nint from, float* o, nint to)
        where V : struct, IVector<V>;
}

/// <summary>For the gradient of the weight: A, from the gradient of a tile of the output to the points that it is summed at.</summary>
internal unsafe interface IWinogradGradient : IWinogradInput
{
    /// <summary>Gᵀ, six sums of products to three taps.</summary>
    static abstract void Weight<V>(float* u, nint from, float* o, nint to)
        where V : struct, IVector<V>;
}

/// <summary>Stride 1, padding 1: F(4, 3) at the points 0, ±1, ±2, ∞. Six pixels to four.</summary>
internal readonly unsafe struct SameAxis : IWinogradAxis
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Points
    {
        [MethodImpl(Inline)]
        get => 6;
    }

    public static int InputPixels
    {
        [MethodImpl(Inline)]
        get => 6;
    }

    public static int InputStep => 4;

    public static int Margin => 1;

    public static int OutputPixels
    {
        [MethodImpl(Inline)]
        get => 4;
    }

    public static int WeightOf(int point) => point;

    //        ⎡4  0 −5  0  1  0⎤
    //        ⎢0 −4 −4  1  1  0⎥
    //   Bᵀ = ⎢0  4 −4 −1  1  0⎥
    //        ⎢0 −2 −1  2  1  0⎥
    //        ⎢0  2 −1 −2  1  0⎥
    //        ⎣0  4  0 −5  0  1⎦
    [MethodImpl(Inline)]
    public static void Input<V>(float* d, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V d0 = V.Load(d), d1 = V.Load(d + from), d2 = V.Load(d + (2 * from)), d3 = V.Load(d + (3 * from)), d4 = V.Load(d + (4 * from)), d5 = V.Load(d + (5 * from));
        V two = V.Broadcast(2), four = V.Broadcast(4), five = V.Broadcast(5);
        V even = V.NegatedMultiplyAdd(four, d2, d4), odd = V.NegatedMultiplyAdd(four, d1, d3), even2 = V.Subtract(d4, d2), odd2 = V.Subtract(d3, d1);
        V.Store(o, V.MultiplyAdd(four, d0, V.NegatedMultiplyAdd(five, d2, d4)));
        V.Store(o + to, V.Add(even, odd));
        V.Store(o + (2 * to), V.Subtract(even, odd));
        V.Store(o + (3 * to), V.MultiplyAdd(two, odd2, even2));
        V.Store(o + (4 * to), V.NegatedMultiplyAdd(two, odd2, even2));
        V.Store(o + (5 * to), V.MultiplyAdd(four, d1, V.NegatedMultiplyAdd(five, d3, d5)));
    }

    //        ⎡1  1  1  1  1  0⎤
    //   Aᵀ = ⎢0  1 −1  2 −2  0⎥
    //        ⎢0  1  1  4  4  0⎥
    //        ⎣0  1 −1  8 −8  1⎦
    [MethodImpl(Inline)]
    public static void Output<V>(float* m, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V m0 = V.Load(m), m1 = V.Load(m + from), m2 = V.Load(m + (2 * from)), m3 = V.Load(m + (3 * from)), m4 = V.Load(m + (4 * from)), m5 = V.Load(m + (5 * from));
        V sum1 = V.Add(m1, m2), difference1 = V.Subtract(m1, m2), sum2 = V.Add(m3, m4), difference2 = V.Subtract(m3, m4);
        V.Store(o, V.Add(m0, V.Add(sum1, sum2)));
        V.Store(o + to, V.MultiplyAdd(V.Broadcast(2), difference2, difference1));
        V.Store(o + (2 * to), V.MultiplyAdd(V.Broadcast(4), sum2, sum1));
        V.Store(o + (3 * to), V.Add(V.MultiplyAdd(V.Broadcast(8), difference2, difference1), m5));
    }

    //        ⎡ 1/4    0    0 ⎤
    //        ⎢−1/6 −1/6 −1/6 ⎥
    //   G  = ⎢−1/6  1/6 −1/6 ⎥
    //        ⎢1/24 1/12  1/6 ⎥
    //        ⎢1/24 −1/12 1/6 ⎥
    //        ⎣  0     0    1 ⎦
    [MethodImpl(Inline)]
    public static void Weight<V>(float* w, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V w0 = V.Load(w), w1 = V.Load(w + from), w2 = V.Load(w + (2 * from)), sixth = V.Broadcast(1f / 6);
        V ends = V.Multiply(V.Broadcast(-1f / 6), V.Add(w0, w2)), middle = V.Multiply(sixth, w1);
        V ends2 = V.MultiplyAdd(V.Broadcast(1f / 24), w0, V.Multiply(sixth, w2)), middle2 = V.Multiply(V.Broadcast(1f / 12), w1);
        V.Store(o, V.Multiply(V.Broadcast(.25f), w0));
        V.Store(o + to, V.Subtract(ends, middle));
        V.Store(o + (2 * to), V.Add(ends, middle));
        V.Store(o + (3 * to), V.Add(ends2, middle2));
        V.Store(o + (4 * to), V.Subtract(ends2, middle2));
        V.Store(o + (5 * to), w2);
    }
}

/// <summary>The gradient of stride 1: A and Gᵀ of <see cref="SameAxis"/>.</summary>
internal readonly unsafe struct GradientAxis : IWinogradGradient
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Points
    {
        [MethodImpl(Inline)]
        get => 6;
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
        V even = V.Add(d0, d2), odd = V.Add(d1, d3), even2 = V.MultiplyAdd(V.Broadcast(4), d2, d0), odd2 = V.MultiplyAdd(V.Broadcast(8), d3, V.Multiply(V.Broadcast(2), d1));
        V.Store(o, d0);
        V.Store(o + to, V.Add(even, odd));
        V.Store(o + (2 * to), V.Subtract(even, odd));
        V.Store(o + (3 * to), V.Add(even2, odd2));
        V.Store(o + (4 * to), V.Subtract(even2, odd2));
        V.Store(o + (5 * to), d3);
    }

    [MethodImpl(Inline)]
    public static void Weight<V>(float* u, nint from, float* o, nint to)
        where V : struct, IVector<V>
    {
        V u0 = V.Load(u), u1 = V.Load(u + from), u2 = V.Load(u + (2 * from)), u3 = V.Load(u + (3 * from)), u4 = V.Load(u + (4 * from)), u5 = V.Load(u + (5 * from));
        V sum1 = V.Add(u1, u2), difference1 = V.Subtract(u2, u1), sum2 = V.Add(u3, u4), difference2 = V.Subtract(u3, u4), sixth = V.Broadcast(1f / 6);
        V.Store(o, V.MultiplyAdd(V.Broadcast(.25f), u0, V.NegatedMultiplyAdd(sixth, sum1, V.Multiply(V.Broadcast(1f / 24), sum2))));
        V.Store(o + to, V.MultiplyAdd(sixth, difference1, V.Multiply(V.Broadcast(1f / 12), difference2)));
        V.Store(o + (2 * to), V.MultiplyAdd(sixth, V.Subtract(sum2, sum1), u5));
    }
}
