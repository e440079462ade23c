using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atelier.Kernels;

/// <summary>
/// A register of floats. Kernels are written once, over a type parameter that implements this; the JIT makes one body per width.
/// </summary>
/// <remarks>
/// Bits must not depend on the width. Element-wise code is safe by itself; a reduction keeps <see cref="Vectors.VirtualLanes"/>
/// running sums, whatever the width, and folds them in the one order of <see cref="Vectors.Fold"/>. A product that is added is
/// always <see cref="MultiplyAdd"/>: the JIT never contracts, and neither may we by chance.
/// </remarks>
internal unsafe interface IVector<TSelf>
    where TSelf : struct, IVector<TSelf>
{
    /// <summary>Floats in a register: a divisor of <see cref="Vectors.VirtualLanes"/>.</summary>
    static abstract int Lanes { get; }

    static abstract TSelf Load(float* source);

    static abstract void Store(float* target, TSelf value);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf Add(TSelf a, TSelf b);

    static abstract TSelf Subtract(TSelf a, TSelf b);

    static abstract TSelf Multiply(TSelf a, TSelf b);

    static abstract TSelf Divide(TSelf a, TSelf b);

    static abstract TSelf SquareRoot(TSelf a);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>c − a·b, rounded once.</summary>
    static abstract TSelf NegatedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>a below b, else b: as the x86 instruction, so that NaN in either gives b.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>a above b, else b: as the x86 instruction, so that NaN in either gives b.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>All bits set where a is above b (never for NaN).</summary>
    static abstract TSelf Above(TSelf a, TSelf b);

    /// <summary>All bits set where a is not NaN.</summary>
    static abstract TSelf IsNumber(TSelf a);

    /// <summary>Where <paramref name="mask"/> is set <paramref name="yes"/>, else <paramref name="no"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf yes, TSelf no);

    /// <summary>Where <paramref name="mask"/> is set <paramref name="a"/>, else 0.</summary>
    static abstract TSelf Keep(TSelf mask, TSelf a);

    /// <summary>The sum of the lanes: halves onto each other, again and again.</summary>
    static abstract float Fold(TSelf a);

    /// <summary>a₀ b₀ a₁ b₁ …, in two registers.</summary>
    static abstract void StoreInterleaved(float* target, TSelf a, TSelf b);

    /// <summary>The last lane of a, then all but the last of b.</summary>
    static abstract TSelf ShiftIn(TSelf a, TSelf b);

    /// <summary>All but the first lane of a, then the first of b.</summary>
    static abstract TSelf ShiftOut(TSelf a, TSelf b);

    /// <summary>The even lanes of a, then those of b.</summary>
    static abstract TSelf Even(TSelf a, TSelf b);

    /// <summary>The odd lanes of a, then those of b.</summary>
    static abstract TSelf Odd(TSelf a, TSelf b);
}

/// <summary>Which width runs, and what all widths share.</summary>
internal static unsafe class Vectors
{
    /// <summary>Lanes that every reduction keeps, on every processor.</summary>
    public const int VirtualLanes = 16;

    /// <summary>Whether <see cref="Vector512Lanes"/> runs at the processor's own width.</summary>
    public static bool HasAvx512 => Avx512F.IsSupported;

    /// <summary>Whether <see cref="Vector256Lanes"/> runs.</summary>
    public static bool HasAvx2 => Avx2.IsSupported && Fma.IsSupported;

    /// <summary>The sum of 16 running sums, in the order of <see cref="IVector{TSelf}.Fold"/>.</summary>
    public static float Fold(float* lanes) => Vector256Lanes.Fold(new(Vector256.Load(lanes) + Vector256.Load(lanes + 8)));
}

/// <summary>Sixteen floats. Every operation has a software form, so that tests run it on processors without AVX-512 too.</summary>
internal readonly unsafe struct Vector512Lanes(Vector512<float> value) : IVector<Vector512Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector512<float> _value = value;

    public static int Lanes
    {
        [MethodImpl(Inline)]
        get => 16;
    }

    [MethodImpl(Inline)]
    public static Vector512Lanes Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(Inline)]
    public static void Store(float* target, Vector512Lanes value) => value._value.Store(target);

    [MethodImpl(Inline)]
    public static Vector512Lanes Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Add(Vector512Lanes a, Vector512Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Vector512Lanes Subtract(Vector512Lanes a, Vector512Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Vector512Lanes Multiply(Vector512Lanes a, Vector512Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Vector512Lanes Divide(Vector512Lanes a, Vector512Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Vector512Lanes SquareRoot(Vector512Lanes a) => new(Vector512.Sqrt(a._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes MultiplyAdd(Vector512Lanes a, Vector512Lanes b, Vector512Lanes c) =>
        new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes NegatedMultiplyAdd(Vector512Lanes a, Vector512Lanes b, Vector512Lanes c) =>
        new(Avx512F.IsSupported ? Avx512F.FusedMultiplyAddNegated(a._value, b._value, c._value) : Vector512.FusedMultiplyAdd(-a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Min(Vector512Lanes a, Vector512Lanes b) =>
        new(Avx512F.IsSupported ? Avx512F.Min(a._value, b._value) : Vector512.ConditionalSelect(Vector512.LessThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Max(Vector512Lanes a, Vector512Lanes b) =>
        new(Avx512F.IsSupported ? Avx512F.Max(a._value, b._value) : Vector512.ConditionalSelect(Vector512.GreaterThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Above(Vector512Lanes a, Vector512Lanes b) => new(Vector512.GreaterThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes IsNumber(Vector512Lanes a) => new(Vector512.Equals(a._value, a._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Select(Vector512Lanes mask, Vector512Lanes yes, Vector512Lanes no) =>
        new(Vector512.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(Inline)]
    public static Vector512Lanes Keep(Vector512Lanes mask, Vector512Lanes a) => new(mask._value & a._value);

    [MethodImpl(Inline)]
    public static float Fold(Vector512Lanes a) => Vector256Lanes.Fold(new(a._value.GetLower() + a._value.GetUpper()));

    [MethodImpl(Inline)]
    public static void StoreInterleaved(float* target, Vector512Lanes a, Vector512Lanes b)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.PermuteVar16x32x2(a._value, Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b._value).Store(target);
            Avx512F.PermuteVar16x32x2(a._value, Vector512.Create(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b._value).Store(target + 16);
            return;
        }
        Vector256Lanes.StoreInterleaved(target, new(a._value.GetLower()), new(b._value.GetLower()));
        Vector256Lanes.StoreInterleaved(target + 16, new(a._value.GetUpper()), new(b._value.GetUpper()));
    }

    [MethodImpl(Inline)]
    public static Vector512Lanes ShiftIn(Vector512Lanes a, Vector512Lanes b)
    {
        if (Avx512F.IsSupported)
            return new(Avx512F.AlignRight32(b._value.AsInt32(), a._value.AsInt32(), 15).AsSingle());
        float* s = stackalloc float[32];
        a._value.Store(s);
        b._value.Store(s + 16);
        return new(Vector512.Load(s + 15));
    }

    [MethodImpl(Inline)]
    public static Vector512Lanes ShiftOut(Vector512Lanes a, Vector512Lanes b)
    {
        if (Avx512F.IsSupported)
            return new(Avx512F.AlignRight32(b._value.AsInt32(), a._value.AsInt32(), 1).AsSingle());
        float* s = stackalloc float[32];
        a._value.Store(s);
        b._value.Store(s + 16);
        return new(Vector512.Load(s + 1));
    }

    [MethodImpl(Inline)]
    public static Vector512Lanes Even(Vector512Lanes a, Vector512Lanes b) => Avx512F.IsSupported
        ? new(Avx512F.PermuteVar16x32x2(a._value, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b._value))
        : EverySecond(a, b, 0);

    [MethodImpl(Inline)]
    public static Vector512Lanes Odd(Vector512Lanes a, Vector512Lanes b) => Avx512F.IsSupported
        ? new(Avx512F.PermuteVar16x32x2(a._value, Vector512.Create(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b._value))
        : EverySecond(a, b, 1);

    private static Vector512Lanes EverySecond(Vector512Lanes a, Vector512Lanes b, int first)
    {
        float* s = stackalloc float[48];
        a._value.Store(s);
        b._value.Store(s + 16);
        for (int i = 0; i < 16; i++)
            s[32 + i] = s[(2 * i) + first];
        return new(Vector512.Load(s + 32));
    }
}

/// <summary>Eight floats; the fast width of AVX2 with FMA.</summary>
internal readonly unsafe struct Vector256Lanes(Vector256<float> value) : IVector<Vector256Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector256<float> _value = value;

    public static int Lanes
    {
        [MethodImpl(Inline)]
        get => 8;
    }

    [MethodImpl(Inline)]
    public static Vector256Lanes Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(Inline)]
    public static void Store(float* target, Vector256Lanes value) => value._value.Store(target);

    [MethodImpl(Inline)]
    public static Vector256Lanes Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Add(Vector256Lanes a, Vector256Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Vector256Lanes Subtract(Vector256Lanes a, Vector256Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Vector256Lanes Multiply(Vector256Lanes a, Vector256Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Vector256Lanes Divide(Vector256Lanes a, Vector256Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Vector256Lanes SquareRoot(Vector256Lanes a) => new(Vector256.Sqrt(a._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes MultiplyAdd(Vector256Lanes a, Vector256Lanes b, Vector256Lanes c) =>
        new(Fma.IsSupported ? Fma.MultiplyAdd(a._value, b._value, c._value) : Vector256.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes NegatedMultiplyAdd(Vector256Lanes a, Vector256Lanes b, Vector256Lanes c) =>
        new(Fma.IsSupported ? Fma.MultiplyAddNegated(a._value, b._value, c._value) : Vector256.FusedMultiplyAdd(-a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Min(Vector256Lanes a, Vector256Lanes b) =>
        new(Avx.IsSupported ? Avx.Min(a._value, b._value) : Vector256.ConditionalSelect(Vector256.LessThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Max(Vector256Lanes a, Vector256Lanes b) =>
        new(Avx.IsSupported ? Avx.Max(a._value, b._value) : Vector256.ConditionalSelect(Vector256.GreaterThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Above(Vector256Lanes a, Vector256Lanes b) => new(Vector256.GreaterThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes IsNumber(Vector256Lanes a) => new(Vector256.Equals(a._value, a._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Select(Vector256Lanes mask, Vector256Lanes yes, Vector256Lanes no) =>
        new(Avx.IsSupported ? Avx.BlendVariable(no._value, yes._value, mask._value) : Vector256.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(Inline)]
    public static Vector256Lanes Keep(Vector256Lanes mask, Vector256Lanes a) => new(mask._value & a._value);

    [MethodImpl(Inline)]
    public static float Fold(Vector256Lanes a) => Vector128Lanes.Fold(new(a._value.GetLower() + a._value.GetUpper()));

    [MethodImpl(Inline)]
    public static void StoreInterleaved(float* target, Vector256Lanes a, Vector256Lanes b)
    {
        if (Avx.IsSupported)
        {
            var low = Avx.UnpackLow(a._value, b._value);
            var high = Avx.UnpackHigh(a._value, b._value);
            Avx.Permute2x128(low, high, 0x20).Store(target);
            Avx.Permute2x128(low, high, 0x31).Store(target + 8);
            return;
        }
        for (int i = 0; i < 8; i++)
            (target[2 * i], target[(2 * i) + 1]) = (a._value[i], b._value[i]);
    }

    [MethodImpl(Inline)]
    public static Vector256Lanes ShiftIn(Vector256Lanes a, Vector256Lanes b) => Avx2.IsSupported
        ? new(Avx2.AlignRight(b._value.AsByte(), Avx.Permute2x128(a._value, b._value, 0x21).AsByte(), 12).AsSingle())
        : new(Vector256.Shuffle(b._value, Vector256.Create(0, 0, 1, 2, 3, 4, 5, 6)).WithElement(0, a._value[7]));

    [MethodImpl(Inline)]
    public static Vector256Lanes ShiftOut(Vector256Lanes a, Vector256Lanes b) => Avx2.IsSupported
        ? new(Avx2.AlignRight(Avx.Permute2x128(a._value, b._value, 0x21).AsByte(), a._value.AsByte(), 4).AsSingle())
        : new(Vector256.Shuffle(a._value, Vector256.Create(1, 2, 3, 4, 5, 6, 7, 7)).WithElement(7, b._value[0]));

    [MethodImpl(Inline)]
    public static Vector256Lanes Even(Vector256Lanes a, Vector256Lanes b) => Avx2.IsSupported
        ? new(Avx2.Permute4x64(Avx.Shuffle(a._value, b._value, 0x88).AsDouble(), 0xd8).AsSingle())
        : new(Vector256.Create(a._value[0], a._value[2], a._value[4], a._value[6], b._value[0], b._value[2], b._value[4], b._value[6]));

    [MethodImpl(Inline)]
    public static Vector256Lanes Odd(Vector256Lanes a, Vector256Lanes b) => Avx2.IsSupported
        ? new(Avx2.Permute4x64(Avx.Shuffle(a._value, b._value, 0xdd).AsDouble(), 0xd8).AsSingle())
        : new(Vector256.Create(a._value[1], a._value[3], a._value[5], a._value[7], b._value[1], b._value[3], b._value[5], b._value[7]));
}
