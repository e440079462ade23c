using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>How flat buffers divide into pieces of work.</summary>
internal static class FlatBuffer
{
    /// <summary>Elements in a piece.</summary>
    public const long Piece = 4096;

    public static int Pieces(long count) => checked((int)((count + Piece - 1) / Piece));
}

/// <summary>
/// Adam (Kingma and Ba 2015) as torch.optim.Adam computes it, in one pass over flat buffers, with what the training loop does to a
/// gradient first: a factor, then NaN → 0 and ±∞ → ±1e5.
/// </summary>
public static unsafe class AdamUpdate
{
    /// <summary>One step; changes parameters and moments in place.</summary>
    /// <param name="count">Elements of each buffer.</param>
    /// <param name="parameters">[count].</param>
    /// <param name="gradient">[count].</param>
    /// <param name="firstMoment">[count].</param>
    /// <param name="secondMoment">[count].</param>
    /// <param name="learningRate">At least 0.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="step">1 for the first.</param>
    /// <param name="gradientScale">Factor of the gradient.</param>
    /// <param name="nans">NaNs in the scaled gradient.</param>
    /// <param name="infinities">Infinities in the scaled gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is below 1.</exception>
    public static void Step(long count, float* parameters, float* gradient, float* firstMoment, float* secondMoment, double learningRate, double beta1,
        double beta2, double epsilon, long step, double gradientScale, out long nans, out long infinities)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        var constants = AdamConstants.Of(learningRate, beta1, beta2, epsilon, step, gradientScale);
        var nonFinite = default(NonFiniteCounts);
        KernelLaunch.Run(new AdamKernel(constants, count, parameters, gradient, firstMoment, secondMoment, &nonFinite), FlatBuffer.Pieces(count), FlatBuffer.Piece);
        nans = nonFinite.Nans;
        infinities = nonFinite.Infinities;
    }

    /// <summary>x to a whole power by squaring: the C library's power has other bits on another system.</summary>
    internal static double Power(double x, long exponent)
    {
        double result = 1;
        for (; exponent > 0; exponent >>= 1, x *= x)
        {
            if ((exponent & 1) != 0)
                result *= x;
        }
        return result;
    }
}

/// <summary>The moving average of weights over flat buffers.</summary>
public static unsafe class ExponentialMovingAverage
{
    /// <summary>ema ← lerp(parameters, ema, beta), from whichever end is nearer, as torch.lerp.</summary>
    /// <param name="count">Elements of each buffer.</param>
    /// <param name="ema">[count].</param>
    /// <param name="parameters">[count].</param>
    /// <param name="beta">What is kept of the average, in [0, 1].</param>
    public static void Update(long count, float* ema, float* parameters, double beta) =>
        KernelLaunch.Run(new AverageKernel(count, ema, parameters, (float)beta), FlatBuffer.Pieces(count), FlatBuffer.Piece);
}

/// <summary>One step's constants, rounded to float32 where torch.optim.Adam rounds them.</summary>
internal struct AdamConstants
{
    public float GradientScale;
    public float Beta1;
    public float OneMinusBeta1;
    public float Beta2;
    public float OneMinusBeta2;
    public float RootCorrection2;
    public float Epsilon;
    public float StepSize;

    public static AdamConstants Of(double learningRate, double beta1, double beta2, double epsilon, long step, double gradientScale) => new()
    {
        GradientScale = (float)gradientScale,
        Beta1 = (float)beta1,
        OneMinusBeta1 = (float)(1 - beta1),
        Beta2 = (float)beta2,
        OneMinusBeta2 = (float)(1 - beta2),
        RootCorrection2 = (float)Math.Sqrt(1 - AdamUpdate.Power(beta2, step)),
        Epsilon = (float)epsilon,
        StepSize = (float)(learningRate / (1 - AdamUpdate.Power(beta1, step))),
    };
}

internal struct NonFiniteCounts
{
    public long Nans;
    public long Infinities;
}

/// <summary>Reads p, g, m and v, writes p, m and v for some fifteen operations an element: memory bounds it.</summary>
internal readonly unsafe struct AdamKernel(AdamConstants constants, long count, float* p, float* g, float* m, float* v, NonFiniteCounts* nonFinite) : IKernel
{
    private readonly AdamConstants _constants = constants;

    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        for (long piece = begin; piece < end; piece++)
        {
            long first = piece * FlatBuffer.Piece, last = Math.Min(first + FlatBuffer.Piece, count), whole = last - ((last - first) % TVector.Lanes);
            bool finite = Stretch<TVector>(first, whole) & Stretch<ScalarLane>(whole, last);
            if (!finite)
                Count(first, last);
        }
    }

    /// <returns>Whether all gradients were finite.</returns>
    [MethodImpl(KernelLaunch.Hot)]
    private bool Stretch<TVector>(long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        TVector largest = TVector.Broadcast(float.MaxValue), smallest = TVector.Broadcast(float.MinValue);
        TVector infinite = TVector.Broadcast(1e5f), minusInfinite = TVector.Broadcast(-1e5f);
        TVector gradientScale = TVector.Broadcast(_constants.GradientScale), beta1 = TVector.Broadcast(_constants.Beta1);
        TVector oneMinusBeta1 = TVector.Broadcast(_constants.OneMinusBeta1), beta2 = TVector.Broadcast(_constants.Beta2);
        TVector oneMinusBeta2 = TVector.Broadcast(_constants.OneMinusBeta2), rootCorrection2 = TVector.Broadcast(_constants.RootCorrection2);
        TVector epsilon = TVector.Broadcast(_constants.Epsilon), stepSize = TVector.Broadcast(_constants.StepSize);
        // 0·g is 0 for every finite g and NaN for every other.
        TVector check = default;
        float* parameters = p, gradient = g, mean = m, square = v;
        for (long i = begin; i < end; i += TVector.Lanes)
        {
            var raw = TVector.Multiply(TVector.Load(gradient + i), gradientScale);
            check = TVector.MultiplyAdd(raw, default, check);
            var clean = TVector.Keep(TVector.IsNumber(raw), raw);
            clean = TVector.Select(TVector.Above(clean, largest), infinite, clean);
            clean = TVector.Select(TVector.Above(smallest, clean), minusInfinite, clean);
            var newMean = TVector.MultiplyAdd(clean, oneMinusBeta1, TVector.Multiply(TVector.Load(mean + i), beta1));
            var newSquare = TVector.MultiplyAdd(TVector.Multiply(oneMinusBeta2, clean), clean, TVector.Multiply(TVector.Load(square + i), beta2));
            TVector.Store(mean + i, newMean);
            TVector.Store(square + i, newSquare);
            var denominator = TVector.Add(TVector.Divide(TVector.SquareRoot(newSquare), rootCorrection2), epsilon);
            TVector.Store(parameters + i, TVector.Subtract(TVector.Load(parameters + i), TVector.Divide(TVector.Multiply(stepSize, newMean), denominator)));
        }
        return TVector.Fold(check) == 0;
    }

    private void Count(long begin, long end)
    {
        long nans = 0, infinities = 0;
        for (long i = begin; i < end; i++)
        {
            float raw = g[i] * _constants.GradientScale;
            nans += float.IsNaN(raw) ? 1 : 0;
            infinities += float.IsInfinity(raw) ? 1 : 0;
        }
        Interlocked.Add(ref nonFinite->Nans, nans);
        Interlocked.Add(ref nonFinite->Infinities, infinities);
    }
}

internal readonly unsafe struct AverageKernel(long count, float* ema, float* p, float beta) : IKernel
{
    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        long first = begin * FlatBuffer.Piece, last = Math.Min(end * FlatBuffer.Piece, count), whole = first + Row.Whole(last - first);
        Stretch<TVector>(first, whole);
        Stretch<ScalarLane>(whole, last);
    }

    [MethodImpl(KernelLaunch.Hot)]
    private void Stretch<TVector>(long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        TVector kept = TVector.Broadcast(beta), rest = TVector.Broadcast(1 - beta);
        float* average = ema, parameters = p;
        if (beta < .5f)
        {
            for (long i = begin; i < end; i += TVector.Lanes)
            {
                var target = TVector.Load(parameters + i);
                TVector.Store(average + i, TVector.MultiplyAdd(kept, TVector.Subtract(TVector.Load(average + i), target), target));
            }
            return;
        }
        // Two narrow registers a turn: with one the loop is slower than the memory.
        bool two = TVector.Lanes == 8;
        for (long i = begin; i < end; i += two ? 2 * TVector.Lanes : TVector.Lanes)
        {
            Move(average + i, parameters + i, rest);
            if (two)
                Move(average + i + TVector.Lanes, parameters + i + TVector.Lanes, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Move<TVector>(float* average, float* parameters, TVector rest)
        where TVector : struct, IVector<TVector>
    {
        var old = TVector.Load(average);
        TVector.Store(average, TVector.NegatedMultiplyAdd(TVector.Subtract(old, TVector.Load(parameters)), rest, old));
    }
}
