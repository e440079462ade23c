using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.Training.Interop;

/// <summary>
/// Arithmetic of tensors with numbers. TorchSharp's own operators make a <see cref="Scalar"/> of each number (<c>a + b</c>
/// too, which is a + 1·b), hand its address to libtorch and hold it no longer: a collection that another thread causes frees
/// it while libtorch reads it, and the result is another number or a crash. Here it lives until the call is over.
/// Nothing else in Atelier may make a Scalar; tests/Architecture.Tests looks.
/// </summary>
public static class TensorArithmetic
{
    // A call takes three at most, and returns before its thread makes the next ones.
    private const int Kept = 16;

    private static readonly Scalar One = 1;

    [ThreadStatic]
    private static Scalar[]? _kept;

    [ThreadStatic]
    private static int _next;

    /// <summary>A number for TorchSharp's functions. It lives until its thread has made 15 others.</summary>
    public static Scalar Number(double value) => Keep(value);

    /// <summary>A whole number, which leaves the precision of integer tensors as it is.</summary>
    public static Scalar Number(long value) => Keep(value);

    /// <summary>left + right</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);

    /// <summary>left + right</summary>
    public static Tensor Plus(this Tensor left, double right) => left.add(Number(right), One);

    /// <summary>left − right</summary>
    public static Tensor Minus(this Tensor left, double right) => left.sub(Number(right));

    /// <summary>left·right</summary>
    public static Tensor Times(this Tensor left, double right) => left.mul(Number(right));

    /// <summary>left/right</summary>
    public static Tensor DividedBy(this Tensor left, double right) => left.div(Number(right));

    /// <summary>left ← left + scale·right</summary>
    public static Tensor Accumulate(this Tensor left, Tensor right, double scale = 1) => left.add_(right, Number(scale));

    /// <summary>left ← left + right</summary>
    public static Tensor Accumulate(this Tensor left, double right) => left.add_(Number(right), One);

    /// <summary>x²</summary>
    public static Tensor Squared(this Tensor x) => x * x;

    /// <summary>√x by the processor's exact instructions; libtorch's own is MKL's, whose bits depend on the processor.</summary>
    public static Tensor SquareRoot(this Tensor x) => x.rsqrt().reciprocal();

    /// <summary>log(1 + eˣ)</summary>
    public static Tensor Softplus(this Tensor x) => -nn.functional.logsigmoid(-x);

    private static Scalar Keep(Scalar number)
    {
        var kept = _kept ??= new Scalar[Kept];
        _next = (_next + 1) % Kept;
        return kept[_next] = number;
    }
}
