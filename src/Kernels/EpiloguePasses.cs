using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

// The bodies of an epilogue's RowPasses. A row is whole virtual vectors and a rest, which ScalarLane passes through the same code.

internal readonly unsafe struct ForwardPass(in Epilogue epilogue, float* u, float* y) : IRowStretches
{
    private readonly Epilogue _epilogue = epilogue;

    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Stretches<ForwardPass, TVector>(this, _epilogue.Pixels, begin, end);

    /// <summary>Pixels from begin to end of every row.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    public void Stretch<TVector>(int firstRow, int endRow, long begin, long end)
        where TVector : struct, IVector<TVector>
    {
        var constants = new EpilogueRow<TVector>(in _epilogue, firstRow);
        float* source = u + (firstRow * _epilogue.Pixels), target = y + (firstRow * _epilogue.Pixels);
        for (int row = firstRow; row < endRow; row++, source += _epilogue.Pixels, target += _epilogue.Pixels)
        {
            constants.MoveTo(in _epilogue, row);
            for (long i = begin; i < end; i += TVector.Lanes)
                TVector.Store(target + i, constants.Apply(TVector.Load(source + i), i));
        }
    }
}

/// <summary>
/// du and the sums. Where the clamp does not hold dz·z = dy·y, so that Σ dz·u = (Σ dy·y − strength·Σ dz·noise − bias·Σ dz) / scale needs
/// neither u nor z.
/// </summary>
internal readonly unsafe struct BackwardPass(in Epilogue epilogue, float* dy, float* y, float* du, RowSums sums) : IRowSums
{
    private readonly Epilogue _epilogue = epilogue;

    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Sums<BackwardPass, TVector>(this, _epilogue.Pixels, begin, end);

    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    public void Rows<TVector, TEnd>(int begin, int end)
        where TVector : struct, IVector<TVector>
        where TEnd : struct, IRowEnd
    {
        // [3, 16]: Σ dz, Σ dz·noise, Σ dz·z.
        float* lanes = stackalloc float[3 * Vectors.VirtualLanes];
        long pixels = _epilogue.Pixels;
        var constants = new EpilogueRow<TVector>(in _epilogue, begin);
        bool withZ = sums.DzU != null;
        for (int row = begin; row < end; row++)
        {
            constants.MoveTo(in _epilogue, row);
            float* gradient = dy + (row * pixels), output = y + (row * pixels), result = du == null ? null : du + (row * pixels);
            float* noise = sums.DzNoise == null && sums.DzU == null ? null : constants.Noise;
            double dz = 0, dzNoise = 0, dzZ = 0;
            for (long start = 0; start < pixels; start += Row.Block)
            {
                long stop = Math.Min(start + Row.Block, pixels), whole = start + Row.Whole(stop - start);
                RunningSums<TVector> dzLanes = default, dzNoiseLanes = default, dzZLanes = default;
                for (long i = start; i < whole; i += Vectors.VirtualLanes)
                {
                    Step(in constants, gradient, output, result, noise, withZ, i, 0, ref dzLanes, ref dzNoiseLanes, ref dzZLanes);
                    if (TVector.Lanes < 16)
                        Step(in constants, gradient, output, result, noise, withZ, i + TVector.Lanes, 1, ref dzLanes, ref dzNoiseLanes, ref dzZLanes);
                    if (TVector.Lanes < 8)
                    {
                        Step(in constants, gradient, output, result, noise, withZ, i + 8, 2, ref dzLanes, ref dzNoiseLanes, ref dzZLanes);
                        Step(in constants, gradient, output, result, noise, withZ, i + 12, 3, ref dzLanes, ref dzNoiseLanes, ref dzZLanes);
                    }
                }
                if (!TEnd.IsRagged || whole == stop)
                {
                    dz += dzLanes.Fold();
                    if (noise != null)
                        dzNoise += dzNoiseLanes.Fold();
                    if (withZ)
                        dzZ += dzZLanes.Fold();
                    continue;
                }
                dzLanes.Store(lanes);
                dzNoiseLanes.Store(lanes + Vectors.VirtualLanes);
                dzZLanes.Store(lanes + (2 * Vectors.VirtualLanes));
                Rest(row, gradient, output, result, noise, withZ, whole, stop, lanes);
                dz += Vectors.Fold(lanes);
                dzNoise += Vectors.Fold(lanes + Vectors.VirtualLanes);
                dzZ += Vectors.Fold(lanes + (2 * Vectors.VirtualLanes));
            }
            if (sums.Dz != null)
                sums.Dz[row] = (float)dz;
            if (sums.DzNoise != null)
                sums.DzNoise[row] = (float)dzNoise;
            if (withZ)
                sums.DzU[row] = (float)SumOfDzU(row, constants.Channel, dz, dzNoise, dzZ);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TVector>(in EpilogueRow<TVector> row, float* gradient, float* output, float* result, float* noise, bool withZ, long pixel,
        int register, ref RunningSums<TVector> dzLanes, ref RunningSums<TVector> dzNoiseLanes, ref RunningSums<TVector> dzZLanes)
        where TVector : struct, IVector<TVector>
    {
        TVector y = TVector.Load(output + pixel), dy = TVector.Load(gradient + pixel);
        var isInside = row.IsInside(y);
        var dz = TVector.Multiply(dy, TVector.Keep(isInside, row.SlopeInside(y)));
        if (result != null)
            TVector.Store(result + pixel, TVector.Multiply(row.Scale, dz));
        dzLanes.Add(register, dz);
        if (noise != null)
            dzNoiseLanes.AddProduct(register, dz, TVector.Load(noise + pixel));
        if (withZ)
            dzZLanes.AddProduct(register, TVector.Keep(isInside, dy), y);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Rest(int row, float* gradient, float* output, float* result, float* noise, bool withZ, long begin, long end, float* lane)
    {
        var constants = new EpilogueRow<ScalarLane>(in _epilogue, row);
        for (long i = begin; i < end; i++, lane++)
        {
            RunningSums<ScalarLane> dzLane = default, dzNoiseLane = default, dzZLane = default;
            dzLane.Load(lane);
            dzNoiseLane.Load(lane + Vectors.VirtualLanes);
            dzZLane.Load(lane + (2 * Vectors.VirtualLanes));
            Step(in constants, gradient, output, result, noise, withZ, i, 0, ref dzLane, ref dzNoiseLane, ref dzZLane);
            dzLane.Store(lane);
            dzNoiseLane.Store(lane + Vectors.VirtualLanes);
            dzZLane.Store(lane + (2 * Vectors.VirtualLanes));
        }
    }

    private double SumOfDzU(int row, int channel, double dz, double dzNoise, double dzZ)
    {
        double bias = _epilogue.Bias == null ? 0 : _epilogue.Bias[channel], scale = _epilogue.Scale == null ? 1 : _epilogue.Scale[row];
        return (dzZ - (_epilogue.Strength * dzNoise) - (bias * dz)) / scale;
    }
}

/// <summary>
/// slope·u = (y − slope·(strength·noise + bias)) / scale where the clamp does not hold: the tangent needs no u either, only other
/// factors of the noise and of 1.
/// </summary>
internal readonly unsafe struct TangentPass(in Epilogue epilogue, RowTangents tangents, float* a, float* du, float* y, float* result, float* dot)
    : IRowSums
{
    private readonly Epilogue _epilogue = epilogue;

    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector> =>
        Row.Sums<TangentPass, TVector>(this, _epilogue.Pixels, begin, end);

    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    public void Rows<TVector, TEnd>(int begin, int end)
        where TVector : struct, IVector<TVector>
        where TEnd : struct, IRowEnd
    {
        float* lanes = stackalloc float[Vectors.VirtualLanes];
        long pixels = _epilogue.Pixels;
        var constants = new EpilogueRow<TVector>(in _epilogue, begin);
        for (int row = begin; row < end; row++)
        {
            constants.MoveTo(in _epilogue, row);
            var factors = new TangentFactors<TVector>(in _epilogue, in tangents, row, constants.Channel);
            float* output = y + (row * pixels), along = a == null ? null : a + (row * pixels), gradient = a == null || dot == null ? null : du + (row * pixels);
            float* target = result == null ? null : result + (row * pixels);
            double total = 0;
            for (long start = 0; start < pixels; start += Row.Block)
            {
                long stop = Math.Min(start + Row.Block, pixels), whole = start + Row.Whole(stop - start);
                RunningSums<TVector> sums = default;
                for (long i = start; i < whole; i += Vectors.VirtualLanes)
                {
                    Step(in constants, in factors, output, along, gradient, target, i, 0, ref sums);
                    if (TVector.Lanes < 16)
                        Step(in constants, in factors, output, along, gradient, target, i + TVector.Lanes, 1, ref sums);
                    if (TVector.Lanes < 8)
                    {
                        Step(in constants, in factors, output, along, gradient, target, i + 8, 2, ref sums);
                        Step(in constants, in factors, output, along, gradient, target, i + 12, 3, ref sums);
                    }
                }
                if (!TEnd.IsRagged || whole == stop)
                {
                    total += sums.Fold();
                    continue;
                }
                sums.Store(lanes);
                Rest(row, output, along, gradient, target, whole, stop, lanes);
                total += Vectors.Fold(lanes);
            }
            if (dot != null)
                dot[row] = (float)total;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TVector>(in EpilogueRow<TVector> row, in TangentFactors<TVector> factors, float* output, float* along, float* gradient,
        float* target, long pixel, int register, ref RunningSums<TVector> sums)
        where TVector : struct, IVector<TVector>
    {
        var z = factors.OfOne;
        if (row.Noise != null)
            z = TVector.MultiplyAdd(factors.OfNoise, TVector.Load(row.Noise + pixel), z);
        if (along != null)
        {
            var tangent = TVector.Load(along + pixel);
            z = TVector.MultiplyAdd(row.Scale, tangent, z);
            if (gradient != null)
                sums.AddProduct(register, TVector.Load(gradient + pixel), tangent);
        }
        if (target == null)
            return;
        var y = TVector.Load(output + pixel);
        TVector.Store(target + pixel, TVector.Keep(row.IsInside(y), TVector.MultiplyAdd(row.SlopeInside(y), z, TVector.Multiply(factors.OfY, y))));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Rest(int row, float* output, float* along, float* gradient, float* target, long begin, long end, float* lane)
    {
        var constants = new EpilogueRow<ScalarLane>(in _epilogue, row);
        var factors = new TangentFactors<ScalarLane>(in _epilogue, in tangents, row, constants.Channel);
        for (long i = begin; i < end; i++, lane++)
        {
            RunningSums<ScalarLane> sum = default;
            sum.Load(lane);
            Step(in constants, in factors, output, along, gradient, target, i, 0, ref sum);
            sum.Store(lane);
        }
    }
}

/// <summary>A row's factors of y, of the noise and of 1 in its tangent.</summary>
internal readonly unsafe struct TangentFactors<TVector>
    where TVector : struct, IVector<TVector>
{
    public readonly TVector OfY;
    public readonly TVector OfNoise;
    public readonly TVector OfOne;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TangentFactors(in Epilogue epilogue, in RowTangents tangents, int row, int channel)
    {
        float ofScaledU = tangents.Scale == null ? 0 : tangents.Scale[row] / (epilogue.Scale == null ? 1 : epilogue.Scale[row]);
        float bias = epilogue.Bias == null ? 0 : epilogue.Bias[channel], ofDz = tangents.Bias == null ? 0 : tangents.Bias[channel];
        OfY = TVector.Broadcast(ofScaledU);
        OfNoise = TVector.Broadcast(MathF.FusedMultiplyAdd(-ofScaledU, epilogue.Strength, tangents.Strength));
        OfOne = TVector.Broadcast(MathF.FusedMultiplyAdd(-ofScaledU, bias, ofDz));
    }
}
