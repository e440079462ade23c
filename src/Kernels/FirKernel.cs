using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>One axis: output o is Σ over taps k of taps[k]·input[(o·down − pad + k) / up], where that index is whole and inside.</summary>
internal readonly record struct FirAxis(int Input, int Output, int Up, int Down, int Pad)
{
    /// <summary>The first tap of output <paramref name="o"/> that meets an element, and that element, which may be outside.</summary>
    public (int Tap, int Input) FirstMeeting(int o)
    {
        int start = (o * Down) - Pad;
        int input = start >= 0 ? (start + Up - 1) / Up : -(-start / Up);
        return ((input * Up) - start, input);
    }
}

/// <summary>
/// Filters planes, columns first: the column filter mixes input rows into rows of scratch with zeros around them, the row filter
/// runs over those and writes the result, finished. With [1,3,3,1] that is 8 multiplications a pixel at up = down = 1, against 16
/// for the square filter, and memory sees each number once.
/// </summary>
/// <remarks>
/// A group of rows is mixed, then filtered: a load that straddles stores which are still in the store buffer waits for them, and
/// that would halve the speed. Groups run over the planes' borders, so that small planes share one.
/// </remarks>
internal readonly unsafe struct FirKernel(
    FirAxis vertical, FirAxis horizontal, int terms, float* columnTaps, int rows, float* rowTaps, int columns, float* x, float* y, Epilogue* epilogue)
    : IKernel
{
    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        var scratch = new FirScratch(vertical, horizontal, rows, columns);
        for (int term = 0; term < terms; term++)
        {
            scratch.Prepare(vertical, columnTaps + (term * rows), rows, horizontal, rowTaps + (term * columns), columns);
            var rowFilter = new FirRowFilter(horizontal, vertical.Output, in scratch, columns, y, term > 0, term == terms - 1 ? epilogue : null);
            long endRow = (long)end * vertical.Output;
            for (long row = (long)begin * vertical.Output; row < endRow; row += scratch.Slots)
            {
                int count = (int)Math.Min(scratch.Slots, endRow - row);
                Mix<TVector>(in scratch, row, count);
                rowFilter.Run<TVector>(row, count);
            }
        }
    }

    /// <summary>The column filter of some rows of the result, over all planes one after the other, into the slots of the scratch.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    private void Mix<TVector>(in FirScratch scratch, long firstRow, int count)
        where TVector : struct, IVector<TVector>
    {
        int width = horizontal.Input, whole = width - (width % TVector.Lanes);
        long plane = firstRow / vertical.Output;
        int o = (int)(firstRow % vertical.Output);
        float* source = x + (plane * vertical.Input * width), target = scratch.Slot(0);
        for (int slot = 0; slot < count; slot++, target += scratch.SlotLength)
        {
            var meeting = scratch.Meetings[o];
            float* first = source + ((long)meeting.First * width);
            Weigh<TVector>(first, width, meeting.Weights, meeting.Count, target, 0, whole);
            Weigh<ScalarLane>(first, width, meeting.Weights, meeting.Count, target, whole, width);
            if (++o == vertical.Output)
            {
                o = 0;
                source += (long)vertical.Input * width;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Weigh<TVector>(float* row, int width, float* weights, int count, float* target, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        if (count == 4)
        {
            TVector a = TVector.Broadcast(weights[0]), b = TVector.Broadcast(weights[1]), c = TVector.Broadcast(weights[2]), d = TVector.Broadcast(weights[3]);
            float* second = row + width, third = second + width, fourth = third + width;
            for (int i = begin; i < end; i += TVector.Lanes)
            {
                var sum = TVector.MultiplyAdd(b, TVector.Load(second + i), TVector.Multiply(a, TVector.Load(row + i)));
                TVector.Store(target + i, TVector.MultiplyAdd(d, TVector.Load(fourth + i), TVector.MultiplyAdd(c, TVector.Load(third + i), sum)));
            }
        }
        else if (count == 2)
        {
            TVector a = TVector.Broadcast(weights[0]), b = TVector.Broadcast(weights[1]);
            for (int i = begin; i < end; i += TVector.Lanes)
                TVector.Store(target + i, TVector.MultiplyAdd(b, TVector.Load(row + width + i), TVector.Multiply(a, TVector.Load(row + i))));
        }
        else
        {
            for (int i = begin; i < end; i += TVector.Lanes)
            {
                TVector sum = count == 0 ? default : TVector.Multiply(TVector.Broadcast(weights[0]), TVector.Load(row + i));
                for (int s = 1; s < count; s++)
                    sum = TVector.MultiplyAdd(TVector.Broadcast(weights[s]), TVector.Load(row + ((long)s * width) + i), sum);
                TVector.Store(target + i, sum);
            }
        }
    }
}

/// <summary>The input rows that an output row mixes, all inside the image, and their weights.</summary>
internal unsafe struct FirMeeting
{
    public int First;
    public int Count;
    public float* Weights;
}

/// <summary>One thread's scratch for a filter: what each output row meets, the taps in the order of their use, and slots for rows.</summary>
internal readonly unsafe struct FirScratch
{
    private const int Alignment = 16;

    /// <summary>Floats in the slots together: with what is read and written they stay in the first-level cache.</summary>
    private const int SlotFloats = 2048;

    private readonly float* _weights;
    private readonly float* _slots;
    private readonly int _margin;

    public FirScratch(FirAxis vertical, FirAxis horizontal, int rows, int columns)
    {
        // What the filter, the padding and whole registers reach before and behind a row.
        _margin = Round(Math.Max(horizontal.Pad, 0));
        int last = ((horizontal.Output + Vectors.VirtualLanes) * horizontal.Down / horizontal.Up) + columns + Vectors.VirtualLanes - horizontal.Pad;
        SlotLength = _margin + Round(Math.Max(horizontal.Input, last));
        Slots = Math.Clamp(SlotFloats / SlotLength, 2, 64);
        int meetings = Round(vertical.Output * sizeof(FirMeeting) / sizeof(float)), weights = Round(rows), taps = Round(columns);
        float* memory = Scratch.Get(ScratchUse.Rows, meetings + weights + taps + ((long)Slots * SlotLength));
        Meetings = (FirMeeting*)memory;
        _weights = memory + meetings;
        Taps = _weights + weights;
        _slots = Taps + taps;
        new Span<float>(_slots, Slots * SlotLength).Clear();
    }

    /// <summary>Rows that fit.</summary>
    public int Slots { get; }

    /// <summary>Floats from one slot to the next.</summary>
    public int SlotLength { get; }

    /// <summary>[output rows].</summary>
    public FirMeeting* Meetings { get; }

    /// <summary>The row filter's taps, those of a phase of the zeros put in together.</summary>
    public float* Taps { get; }

    /// <summary>A row of scratch; zeros lie before and behind it.</summary>
    public float* Slot(int slot) => _slots + ((long)slot * SlotLength) + _margin;

    /// <summary>Takes the taps of a term.</summary>
    public void Prepare(FirAxis vertical, float* columnTaps, int rows, FirAxis horizontal, float* rowTaps, int columns)
    {
        GatherPhases(rowTaps, columns, horizontal.Up, Taps);
        // Zeros at the ends of a column filter cost nothing: of a filter that is not separable each term has one tap.
        int begin = 0;
        while (begin < rows - 1 && columnTaps[begin] == 0)
            begin++;
        while (rows > begin + 1 && columnTaps[rows - 1] == 0)
            rows--;
        columnTaps += begin;
        rows -= begin;
        GatherPhases(columnTaps, rows, vertical.Up, _weights);
        var axis = vertical with { Pad = vertical.Pad - begin };
        for (int o = 0; o < axis.Output; o++)
        {
            var (tap, input) = axis.FirstMeeting(o);
            int skipped = Math.Max(0, -input), inside = Math.Min(input + TapsOf(tap, rows, axis.Up), axis.Input) - input - skipped;
            Meetings[o] = inside <= 0
                ? default
                : new FirMeeting { First = input + skipped, Count = inside, Weights = _weights + PhaseStart(tap, rows, axis.Up) + skipped };
        }
    }

    /// <summary>Taps of a phase among <paramref name="count"/>.</summary>
    public static int TapsOf(int phase, int count, int up) => phase >= count ? 0 : (count - phase + up - 1) / up;

    /// <summary>Where the taps of a phase begin.</summary>
    public static int PhaseStart(int phase, int count, int up)
    {
        int start = 0;
        for (int before = 0; before < phase; before++)
            start += TapsOf(before, count, up);
        return start;
    }

    private static void GatherPhases(float* taps, int count, int up, float* gathered)
    {
        for (int phase = 0; phase < up; phase++)
        {
            for (int k = phase; k < count; k += up)
                *gathered++ = taps[k];
        }
    }

    private static int Round(int floats) => (floats + Alignment - 1) & ~(Alignment - 1);
}
