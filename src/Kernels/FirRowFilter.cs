using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Neighbouring taps: Σ taps[k]·source[k], in the order of k, for each lane.</summary>
internal unsafe interface ICorrelation<TSelf, TVector>
    where TSelf : struct, ICorrelation<TSelf, TVector>
    where TVector : struct, IVector<TVector>
{
    static abstract TSelf Of(float* taps, int count);

    TVector At(float* source);
}

/// <summary>Two taps: a phase of [1,3,3,1] by 2 up.</summary>
internal readonly unsafe struct TwoTaps<TVector>(TVector first, TVector second) : ICorrelation<TwoTaps<TVector>, TVector>
    where TVector : struct, IVector<TVector>
{
    public static TwoTaps<TVector> Of(float* taps, int count) => new(TVector.Broadcast(taps[0]), TVector.Broadcast(taps[1]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector At(float* source) => TVector.MultiplyAdd(second, TVector.Load(source + 1), TVector.Multiply(first, TVector.Load(source)));
}

/// <summary>Four taps: [1,3,3,1].</summary>
internal readonly unsafe struct FourTaps<TVector>(TVector first, TVector second, TVector third, TVector fourth) : ICorrelation<FourTaps<TVector>, TVector>
    where TVector : struct, IVector<TVector>
{
    public static FourTaps<TVector> Of(float* taps, int count) =>
        new(TVector.Broadcast(taps[0]), TVector.Broadcast(taps[1]), TVector.Broadcast(taps[2]), TVector.Broadcast(taps[3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector At(float* source)
    {
        var sum = TVector.MultiplyAdd(second, TVector.Load(source + 1), TVector.Multiply(first, TVector.Load(source)));
        return TVector.MultiplyAdd(fourth, TVector.Load(source + 3), TVector.MultiplyAdd(third, TVector.Load(source + 2), sum));
    }
}

/// <summary>Any number of taps, none too.</summary>
internal readonly unsafe struct AnyTaps<TVector>(float* taps, int count) : ICorrelation<AnyTaps<TVector>, TVector>
    where TVector : struct, IVector<TVector>
{
    public static AnyTaps<TVector> Of(float* taps, int count) => new(taps, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector At(float* source)
    {
        TVector sum = count == 0 ? default : TVector.Multiply(TVector.Broadcast(taps[0]), TVector.Load(source));
        for (int k = 1; k < count; k++)
            sum = TVector.MultiplyAdd(TVector.Broadcast(taps[k]), TVector.Load(source + k), sum);
        return sum;
    }
}

/// <summary>
/// The row filter from the slots of the scratch to the result. By 2 down it filters at the full rate and keeps the even pixels:
/// multiplications cost less than shuffles.
/// </summary>
internal readonly unsafe struct FirRowFilter(
    FirAxis axis, int outputRows, in FirScratch scratch, int tapCount, float* y, bool accumulate, Epilogue* epilogue)
{
    private readonly FirScratch _scratch = scratch;

    /// <summary>Rows of the result from <paramref name="firstRow"/> on, counted over all planes.</summary>
    public void Run<TVector>(long firstRow, int count)
        where TVector : struct, IVector<TVector>
    {
        switch ((axis.Up, axis.Down, tapCount))
        {
            case (1, 1 or 2, 4):
                Keep<TVector, FourTaps<TVector>>(firstRow, count);
                break;
            case (1, 1 or 2, _):
                Keep<TVector, AnyTaps<TVector>>(firstRow, count);
                break;
            case (2, 1, 4):
                Interleave<TVector, TwoTaps<TVector>>(firstRow, count);
                break;
            case (2, 1, _):
                Interleave<TVector, AnyTaps<TVector>>(firstRow, count);
                break;
            default:
                Scatter(firstRow, count);
                break;
        }
    }

    /// <summary>Up 1, down 1 or 2.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    private void Keep<TVector, TCorrelation>(long firstRow, int count)
        where TVector : struct, IVector<TVector>
        where TCorrelation : struct, ICorrelation<TCorrelation, TVector>
    {
        float* rest = stackalloc float[Vectors.VirtualLanes];
        var taps = TCorrelation.Of(_scratch.Taps, tapCount);
        int width = axis.Output, down = axis.Down;
        var position = new FirPosition<TVector>(firstRow, count, outputRows, epilogue);
        float* source = _scratch.Slot(0) - axis.Pad, target = y + (firstRow * width);
        for (int slot = 0; slot < count; slot++, source += _scratch.SlotLength, target += width)
        {
            // A register that is only partly inside writes into the rows that come after; the last ones of a plane may not.
            int end = !accumulate && position.HasRoom(width, TVector.Lanes) ? width : width - (width % TVector.Lanes);
            int o = 0;
            for (; o < end; o += TVector.Lanes)
            {
                TVector value = down == 1 ? taps.At(source + o) : TVector.Even(taps.At(source + (2 * o)), taps.At(source + (2 * o) + TVector.Lanes));
                position.Finish(value, target + o, o, accumulate);
            }
            if (o < width)
            {
                TVector.Store(rest, down == 1 ? taps.At(source + o) : TVector.Even(taps.At(source + (2 * o)), taps.At(source + (2 * o) + TVector.Lanes)));
                position.FinishRest(rest, target, o, width, accumulate);
            }
            position.Advance(width);
        }
    }

    /// <summary>Up 2: even and odd outputs meet one half of the taps each.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    [SkipLocalsInit]
    private void Interleave<TVector, TCorrelation>(long firstRow, int count)
        where TVector : struct, IVector<TVector>
        where TCorrelation : struct, ICorrelation<TCorrelation, TVector>
    {
        float* pair = stackalloc float[2 * Vectors.VirtualLanes];
        var (evenTap, evenInput) = axis.FirstMeeting(0);
        var (oddTap, oddInput) = axis.FirstMeeting(1);
        var evenTaps = TCorrelation.Of(_scratch.Taps + FirScratch.PhaseStart(evenTap, tapCount, 2), FirScratch.TapsOf(evenTap, tapCount, 2));
        var oddTaps = TCorrelation.Of(_scratch.Taps + FirScratch.PhaseStart(oddTap, tapCount, 2), FirScratch.TapsOf(oddTap, tapCount, 2));
        int width = axis.Output;
        bool direct = !accumulate && epilogue == null;
        var position = new FirPosition<TVector>(firstRow, count, outputRows, epilogue);
        float* source = _scratch.Slot(0), target = y + (firstRow * width);
        for (int slot = 0; slot < count; slot++, source += _scratch.SlotLength, target += width)
        {
            int end = !direct ? 0 : position.HasRoom(width, 2 * TVector.Lanes) ? width : width - (width % (2 * TVector.Lanes));
            int o = 0;
            for (; o < end; o += 2 * TVector.Lanes)
                TVector.StoreInterleaved(target + o, evenTaps.At(source + evenInput + (o / 2)), oddTaps.At(source + oddInput + (o / 2)));
            for (; o < width; o += 2 * TVector.Lanes)
            {
                TVector.StoreInterleaved(pair, evenTaps.At(source + evenInput + (o / 2)), oddTaps.At(source + oddInput + (o / 2)));
                position.FinishRest(pair, target, o, Math.Min(o + (2 * TVector.Lanes), width), accumulate);
            }
            position.Advance(width);
        }
    }

    /// <summary>Any up and down.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    private void Scatter(long firstRow, int count)
    {
        int width = axis.Output;
        var position = new FirPosition<ScalarLane>(firstRow, count, outputRows, epilogue);
        float* target = y + (firstRow * width);
        for (int slot = 0; slot < count; slot++, target += width)
        {
            float* source = _scratch.Slot(slot);
            for (int o = 0; o < width; o++)
            {
                var (tap, input) = axis.FirstMeeting(o);
                float* taps = _scratch.Taps + FirScratch.PhaseStart(tap, tapCount, axis.Up);
                var value = new AnyTaps<ScalarLane>(taps, FirScratch.TapsOf(tap, tapCount, axis.Up)).At(source + input);
                position.Finish(value, target + o, o, accumulate);
            }
            position.Advance(width);
        }
    }
}

/// <summary>Where in its plane a row of the result lies, and what its values pass on their way out.</summary>
internal unsafe struct FirPosition<TVector>
    where TVector : struct, IVector<TVector>
{
    private readonly Epilogue* _epilogue;
    private readonly int _rows;
    private int _left;
    private int _plane;
    private int _row;
    private long _pixel;
    private EpilogueRow<TVector> _constants;

    /// <summary>The first of <paramref name="count"/> rows.</summary>
    public FirPosition(long row, int count, int rows, Epilogue* epilogue)
    {
        _left = count;
        _rows = rows;
        _epilogue = epilogue;
        _plane = (int)(row / rows);
        _row = (int)(row % rows);
        if (epilogue != null)
        {
            _pixel = _row * (epilogue->Pixels / rows);
            _constants = new EpilogueRow<TVector>(in *epilogue, _plane);
        }
    }

    /// <summary>Whether steps of some columns stay inside the plane though the last one leaves the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool HasRoom(int width, int step) => (width + step - 1) / step * step <= (_rows - _row) * width;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish(TVector value, float* target, int column, bool accumulate)
    {
        if (accumulate)
            value = TVector.Add(TVector.Load(target), value);
        TVector.Store(target, _epilogue == null ? value : _constants.Apply(value, _pixel + column));
    }

    /// <summary>The columns from begin to end of a row, their values in <paramref name="values"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public readonly void FinishRest(float* values, float* target, int begin, int end, bool accumulate)
    {
        var constants = _epilogue == null ? default : new EpilogueRow<ScalarLane>(in *_epilogue, _plane);
        for (int i = begin; i < end; i++)
        {
            float value = accumulate ? target[i] + values[i - begin] : values[i - begin];
            ScalarLane.Store(target + i, _epilogue == null ? new(value) : constants.Apply(new(value), _pixel + i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int width)
    {
        // Behind the last row there is no plane whose constants could be read.
        _pixel += width;
        if (--_left == 0 || ++_row < _rows)
            return;
        _row = 0;
        _pixel = 0;
        _plane++;
        if (_epilogue != null)
            _constants.MoveTo(in *_epilogue, _plane);
    }
}
