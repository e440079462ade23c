using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// The geometry of an augmentation, plane by plane: reflect the border, twice the size by the sym6 wavelet, sample bilinearly, back to
/// the size by the same wavelet; and the adjoint, whose passes undo these in reverse order. What scatters does so in one fixed order.
/// </summary>
/// <remarks>A row that was just written at one alignment is not read at another before something else has been done: see FirKernel.</remarks>
internal readonly unsafe struct PlaneWarp
{
    private const int PhaseTaps = AugmentationPlan.WaveletTaps / 2;

    /// <summary>Zeros around a row that a phase of the wavelet runs over.</summary>
    private const int Guard = 16;

    private readonly AugmentationPlan _plan;
    private readonly WarpPlan _warp;
    private readonly int _paddedWidth;
    private readonly int _paddedHeight;
    private readonly int _stride;
    private readonly WarpSamples _samples;
    private readonly float* _taps;
    private readonly float* _zeros;
    private readonly float* _rows;
    private readonly int _rowLength;
    private readonly float* _sampled;
    private readonly float* _wide;
    private readonly float* _box;
    private readonly float* _small;
    private readonly float* _copy;

    public PlaneWarp(AugmentationPlan plan, WarpPlan warp)
    {
        _plan = plan;
        _warp = warp;
        _paddedWidth = plan.Width + warp.Left + warp.Right;
        _paddedHeight = plan.Height + warp.Top + warp.Bottom;
        _stride = warp.BoxWidth + 2;
        _rowLength = Round(Math.Max(Math.Max(_paddedWidth, plan.Width), warp.BoxWidth)) + (2 * Guard);
        int columns = Round(plan.SampleColumns), zeros = Round(Math.Max(warp.BoxWidth, plan.Width)), taps = Round(6 * AugmentationPlan.WaveletTaps);
        int wide = Round(plan.Height * warp.BoxWidth), box = Round((warp.BoxHeight + 2) * _stride), small = Round(plan.SampleRows * plan.Width);
        float* memory = Scratch.Get(ScratchUse.Rows, taps + zeros + (4L * _rowLength) + (4L * columns) + wide + box + small + (plan.Height * plan.Width));
        _taps = memory;
        _zeros = _taps + taps;
        _rows = _zeros + zeros;
        _sampled = _rows + (4 * _rowLength);
        float* x = _sampled + columns, y = x + columns;
        int* offsets = (int*)(y + columns);
        _wide = (float*)(offsets + columns);
        _box = _wide + wide;
        _small = _box + box;
        _copy = _small + small;
        _samples = new WarpSamples(plan.SampleColumns / 2, warp.BoxWidth, warp.BoxHeight, _stride, offsets, x, y);
        PlaneRows.Clear(_zeros, zeros);
        PlaneRows.Clear(_rows, 4 * _rowLength);
        for (int t = 0; t < PhaseTaps; t++)
        {
            double even = AugmentationPlan.Wavelet[2 * t], odd = AugmentationPlan.Wavelet[(2 * t) + 1];
            DownEven[t] = DownEvenReversed[PhaseTaps - 1 - t] = (float)even;
            DownOdd[t] = DownOddReversed[PhaseTaps - 1 - t] = (float)odd;
            // The image's own brightness: half of the pixels are zeros before the filter.
            UpOdd[PhaseTaps - 1 - t] = UpOddReversed[t] = (float)(2 * even);
            UpEven[PhaseTaps - 1 - t] = UpEvenReversed[t] = (float)(2 * odd);
            (Wavelet[2 * t], Wavelet[(2 * t) + 1]) = ((float)even, (float)odd);
        }
    }

    // Phases of the wavelet; in each pair of lines one tap array follows the other, so that both make one filter of 12.
    private float* DownEven => _taps;

    private float* DownOdd => _taps + PhaseTaps;

    private float* UpEvenReversed => _taps + (2 * PhaseTaps);

    private float* UpOddReversed => _taps + (3 * PhaseTaps);

    private float* UpEven => _taps + (4 * PhaseTaps);

    private float* UpOdd => _taps + (5 * PhaseTaps);

    private float* DownEvenReversed => _taps + (6 * PhaseTaps);

    private float* DownOddReversed => _taps + (7 * PhaseTaps);

    private float* Wavelet => _taps + (8 * PhaseTaps);

    /// <summary>One plane; source and target [H, W] apart.</summary>
    public void Forward<TVector>(float* source, float* target)
        where TVector : struct, IVector<TVector>
    {
        int width = _plan.Width, height = _plan.Height;
        if (_warp.IsEmpty)
        {
            PlaneRows.Clear(target, height * width);
            return;
        }
        Widen<TVector>(source);
        Heighten<TVector>();
        Locate(0);
        for (int i = 0; i < _plan.SampleRows; i++)
        {
            _samples.Read(_box, _sampled);
            if (i + 1 < _plan.SampleRows)
                Locate(i + 1);
            Narrow<TVector>(_small + (i * width));
        }
        float** rows = stackalloc float*[AugmentationPlan.WaveletTaps];
        for (int o = 0; o < height; o++)
        {
            for (int k = 0; k < AugmentationPlan.WaveletTaps; k++)
                rows[k] = _small + (((2 * o) + 1 + k) * width);
            PlaneRows.Weigh<TVector>(rows, Wavelet, AugmentationPlan.WaveletTaps, target + (o * width), width);
        }
    }

    /// <summary>The transposed map of one plane [H, W], in place.</summary>
    public void Adjoint<TVector>(float* plane)
        where TVector : struct, IVector<TVector>
    {
        int pixels = _plan.Height * _plan.Width;
        if (_warp.IsEmpty)
        {
            PlaneRows.Clear(plane, pixels);
            return;
        }
        PlaneRows.Copy(plane, _copy, pixels);
        PlaneRows.Clear(_box, (_warp.BoxHeight + 2) * _stride);
        for (int i = 0; i < _plan.SampleRows; i++)
        {
            SpreadRows<TVector>(i);
            Locate(i);
            SpreadColumns<TVector>();
            _samples.Add(_sampled, _box);
        }
        HeightenAdjoint<TVector>();
        WidenAdjoint<TVector>(plane);
    }

    private void Locate(int i) => _samples.Locate(_warp.Position, _warp.X.Begin, _warp.Y.Begin, i);

    /// <summary>Twice the width, the part that samples meet, of every row of the image.</summary>
    private void Widen<TVector>(float* source)
        where TVector : struct, IVector<TVector>
    {
        int width = _plan.Width, first = _warp.X.Begin / 2, count = _warp.BoxWidth / 2;
        float* even = Row(2), odd = Row(3);
        PlaneRows.Clear(_rows, 2 * _rowLength);
        PlaneRows.Pad(source, width, _warp.Left, _warp.Right, Row(0));
        for (int r = 0; r < _plan.Height; r++)
        {
            if (r + 1 < _plan.Height)
                PlaneRows.Pad(source + ((r + 1) * width), width, _warp.Left, _warp.Right, Row((r + 1) & 1));
            float* padded = Row(r & 1) + first;
            PlaneRows.Correlate<TVector>(padded - 3, UpEven, PhaseTaps, even, count);
            PlaneRows.Correlate<TVector>(padded - 2, UpOdd, PhaseTaps, odd, count);
            PlaneRows.Interleave<TVector>(even, odd, _wide + (r * _warp.BoxWidth), count);
        }
    }

    private void WidenAdjoint<TVector>(float* target)
        where TVector : struct, IVector<TVector>
    {
        int width = _plan.Width, first = _warp.X.Begin / 2, count = _warp.BoxWidth / 2;
        float** sources = stackalloc float*[AugmentationPlan.WaveletTaps];
        float* even = Row(0), odd = Row(1), padded = Row(2);
        PlaneRows.Clear(_rows, 3 * _rowLength);
        // What reaches beyond the padded row at the box's ends falls into its guards.
        int begin = -PhaseTaps / 2, reach = count + PhaseTaps;
        for (int t = 0; t < PhaseTaps; t++)
        {
            sources[t] = even - 2 + t + begin;
            sources[PhaseTaps + t] = odd - 3 + t + begin;
        }
        for (int r = 0; r < _plan.Height; r++)
        {
            PlaneRows.Separate<TVector>(_wide + (r * _warp.BoxWidth), even, odd, count);
            PlaneRows.Weigh<TVector>(sources, UpEvenReversed, AugmentationPlan.WaveletTaps, padded + first + begin, reach);
            PlaneRows.Fold(padded, width, _warp.Left, _warp.Right, target + (r * width));
        }
    }

    /// <summary>Twice the height, with a border of zeros around the box.</summary>
    private void Heighten<TVector>()
        where TVector : struct, IVector<TVector>
    {
        float** rows = stackalloc float*[PhaseTaps];
        PlaneRows.Clear(_box, _stride);
        PlaneRows.Clear(_box + ((_warp.BoxHeight + 1) * _stride), _stride);
        for (int y = _warp.Y.Begin; y < _warp.Y.End; y++)
        {
            for (int t = 0; t < PhaseTaps; t++)
            {
                int source = SourceRow((y / 2) - 3 + (y % 2) + t);
                rows[t] = source < 0 ? _zeros : _wide + (source * _warp.BoxWidth);
            }
            float* row = BoxRow(y);
            PlaneRows.Weigh<TVector>(rows, y % 2 == 0 ? UpEven : UpOdd, PhaseTaps, row, _warp.BoxWidth);
            row[-1] = row[_warp.BoxWidth] = 0;
        }
    }

    private void HeightenAdjoint<TVector>()
        where TVector : struct, IVector<TVector>
    {
        PlaneRows.Clear(_wide, _plan.Height * _warp.BoxWidth);
        for (int y = _warp.Y.Begin; y < _warp.Y.End; y++)
        {
            float* taps = y % 2 == 0 ? UpEven : UpOdd;
            for (int t = 0; t < PhaseTaps; t++)
            {
                int source = SourceRow((y / 2) - 3 + (y % 2) + t);
                if (source >= 0)
                    PlaneRows.Accumulate<TVector>(taps[t], BoxRow(y), _wide + (source * _warp.BoxWidth), _warp.BoxWidth);
            }
        }
    }

    /// <summary>Half of the width of a row of samples.</summary>
    private void Narrow<TVector>(float* target)
        where TVector : struct, IVector<TVector>
    {
        float** sources = stackalloc float*[AugmentationPlan.WaveletTaps];
        float* even = _sampled, odd = _sampled + (_plan.SampleColumns / 2);
        for (int t = 0; t < PhaseTaps; t++)
        {
            sources[t] = odd + t;
            sources[PhaseTaps + t] = even + t + 1;
        }
        PlaneRows.Weigh<TVector>(sources, DownEven, AugmentationPlan.WaveletTaps, target, _plan.Width);
    }

    /// <summary>The adjoint of halving the height: a row of the result's gradients at the height of the samples.</summary>
    private void SpreadRows<TVector>(int i)
        where TVector : struct, IVector<TVector>
    {
        int last = i % 2 == 0 ? (i / 2) - 1 : i / 2, width = _plan.Width;
        float** rows = stackalloc float*[PhaseTaps];
        for (int t = 0; t < PhaseTaps; t++)
        {
            int o = last - t;
            rows[t] = o < 0 || o >= _plan.Height ? _zeros : _copy + (o * width);
        }
        float* spread = Row(0);
        PlaneRows.Clear(spread - Guard, Guard);
        PlaneRows.Weigh<TVector>(rows, i % 2 == 0 ? DownOdd : DownEven, PhaseTaps, spread, width);
        PlaneRows.Clear(spread + width, Guard);
    }

    /// <summary>The adjoint of <see cref="Narrow"/>.</summary>
    private void SpreadColumns<TVector>()
        where TVector : struct, IVector<TVector>
    {
        int half = _plan.SampleColumns / 2;
        float* spread = Row(0);
        PlaneRows.Correlate<TVector>(spread - PhaseTaps, DownOddReversed, PhaseTaps, _sampled, half);
        PlaneRows.Correlate<TVector>(spread - PhaseTaps + 1, DownEvenReversed, PhaseTaps, _sampled + half, half);
    }

    /// <summary>The image's row that a row of the padded image is; −1 outside.</summary>
    private int SourceRow(int i) => i < 0 || i >= _paddedHeight ? -1 : AugmentationPlan.Reflect(i - _warp.Top, _plan.Height);

    private float* BoxRow(int y) => _box + ((y - _warp.Y.Begin + 1) * _stride) + 1;

    private float* Row(int i) => _rows + (i * _rowLength) + Guard;

    private static int Round(int floats) => (floats + Vectors.VirtualLanes - 1) & ~(Vectors.VirtualLanes - 1);
}
