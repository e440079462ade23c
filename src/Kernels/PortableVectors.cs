using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Atelier.Kernels;

/// <summary>
/// Four floats, for processors without AVX2: .NET's own vectors, whose fused multiply-add is rounded once everywhere, in
/// software where the processor has none.
/// </summary>
internal readonly unsafe struct Vector128Lanes(Vector128<float> value) : IVector<Vector128Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector128<float> _value = value;

    public static int Lanes
    {
        [MethodImpl(Inline)]
        get => 4;
    }

    [MethodImpl(Inline)]
    public static Vector128Lanes Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(Inline)]
    public static void Store(float* target, Vector128Lanes value) => value._value.Store(target);

    [MethodImpl(Inline)]
    public static Vector128Lanes Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Add(Vector128Lanes a, Vector128Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Vector128Lanes Subtract(Vector128Lanes a, Vector128Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Vector128Lanes Multiply(Vector128Lanes a, Vector128Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Vector128Lanes Divide(Vector128Lanes a, Vector128Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Vector128Lanes SquareRoot(Vector128Lanes a) => new(Vector128.Sqrt(a._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes MultiplyAdd(Vector128Lanes a, Vector128Lanes b, Vector128Lanes c) =>
        new(Vector128.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes NegatedMultiplyAdd(Vector128Lanes a, Vector128Lanes b, Vector128Lanes c) =>
        new(Vector128.FusedMultiplyAdd(-a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Min(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Max(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThan(a._value, b._value), a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Above(Vector128Lanes a, Vector128Lanes b) => new(Vector128.GreaterThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Select(Vector128Lanes mask, Vector128Lanes yes, Vector128Lanes no) =>
        new(Vector128.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(Inline)]
    public static void StoreInterleaved(float* target, Vector128Lanes a, Vector128Lanes b)
    {
        for (int i = 0; i < 4; i++)
            (target[2 * i], target[(2 * i) + 1]) = (a._value[i], b._value[i]);
    }

    [MethodImpl(Inline)]
    public static Vector128Lanes ShiftIn(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.Create(a._value[3], b._value[0], b._value[1], b._value[2]));

    [MethodImpl(Inline)]
    public static Vector128Lanes ShiftOut(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.Create(a._value[1], a._value[2], a._value[3], b._value[0]));

    [MethodImpl(Inline)]
    public static Vector128Lanes Even(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.Create(a._value[0], a._value[2], b._value[0], b._value[2]));

    [MethodImpl(Inline)]
    public static Vector128Lanes Odd(Vector128Lanes a, Vector128Lanes b) =>
        new(Vector128.Create(a._value[1], a._value[3], b._value[1], b._value[3]));
}
