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
    public static Vector128Lanes IsNumber(Vector128Lanes a) => new(Vector128.Equals(a._value, a._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Select(Vector128Lanes mask, Vector128Lanes yes, Vector128Lanes no) =>
        new(Vector128.ConditionalSelect(mask._value, yes._value, no._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Keep(Vector128Lanes mask, Vector128Lanes a) => new(mask._value & a._value);

    [MethodImpl(Inline)]
    public static float Fold(Vector128Lanes a)
    {
        var two = a._value + Vector128.Shuffle(a._value, Vector128.Create(2, 3, 2, 3));
        return two[0] + two[1];
    }

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

/// <summary>One float: what is left of a row behind its last whole register, with the same operations.</summary>
internal readonly unsafe struct ScalarLane(float value) : IVector<ScalarLane>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly float _value = value;

    public static int Lanes
    {
        [MethodImpl(Inline)]
        get => 1;
    }

    [MethodImpl(Inline)]
    public static ScalarLane Load(float* source) => new(*source);

    [MethodImpl(Inline)]
    public static void Store(float* target, ScalarLane value) => *target = value._value;

    [MethodImpl(Inline)]
    public static ScalarLane Broadcast(float value) => new(value);

    [MethodImpl(Inline)]
    public static ScalarLane Add(ScalarLane a, ScalarLane b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static ScalarLane Subtract(ScalarLane a, ScalarLane b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static ScalarLane Multiply(ScalarLane a, ScalarLane b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static ScalarLane Divide(ScalarLane a, ScalarLane b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static ScalarLane SquareRoot(ScalarLane a) => new(MathF.Sqrt(a._value));

    [MethodImpl(Inline)]
    public static ScalarLane MultiplyAdd(ScalarLane a, ScalarLane b, ScalarLane c) => new(MathF.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static ScalarLane NegatedMultiplyAdd(ScalarLane a, ScalarLane b, ScalarLane c) =>
        new(MathF.FusedMultiplyAdd(-a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static ScalarLane Min(ScalarLane a, ScalarLane b) => new(a._value < b._value ? a._value : b._value);

    [MethodImpl(Inline)]
    public static ScalarLane Max(ScalarLane a, ScalarLane b) => new(a._value > b._value ? a._value : b._value);

    [MethodImpl(Inline)]
    public static ScalarLane Above(ScalarLane a, ScalarLane b) => new(BitConverter.Int32BitsToSingle(a._value > b._value ? -1 : 0));

    [MethodImpl(Inline)]
    public static ScalarLane IsNumber(ScalarLane a) => new(BitConverter.Int32BitsToSingle(float.IsNaN(a._value) ? 0 : -1));

    [MethodImpl(Inline)]
    public static ScalarLane Select(ScalarLane mask, ScalarLane yes, ScalarLane no) =>
        BitConverter.SingleToInt32Bits(mask._value) != 0 ? yes : no;

    [MethodImpl(Inline)]
    public static ScalarLane Keep(ScalarLane mask, ScalarLane a) => BitConverter.SingleToInt32Bits(mask._value) != 0 ? a : default;

    [MethodImpl(Inline)]
    public static float Fold(ScalarLane a) => a._value;

    [MethodImpl(Inline)]
    public static void StoreInterleaved(float* target, ScalarLane a, ScalarLane b) => (target[0], target[1]) = (a._value, b._value);

    [MethodImpl(Inline)]
    public static ScalarLane ShiftIn(ScalarLane a, ScalarLane b) => a;

    [MethodImpl(Inline)]
    public static ScalarLane ShiftOut(ScalarLane a, ScalarLane b) => b;

    [MethodImpl(Inline)]
    public static ScalarLane Even(ScalarLane a, ScalarLane b) => a;

    [MethodImpl(Inline)]
    public static ScalarLane Odd(ScalarLane a, ScalarLane b) => b;
}
