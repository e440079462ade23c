using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>Which of an augmentation's maps.</summary>
public enum AugmentationMode
{
    /// <summary>The whole map.</summary>
    Affine,

    /// <summary>Without its constant part: noise and what colours add.</summary>
    Linear,

    /// <summary>The transposed linear part.</summary>
    Adjoint,
}

/// <summary>
/// Augments images in front of the discriminator, everything that is done to an image in one pass, in the paper's order (see
/// <see cref="AugmentationPlan"/>): geometry, colour, octave bands over reflected borders, noise, cutout.
/// </summary>
/// <remarks>
/// Each image is a linear map of itself plus a constant. One thread computes an image, or its adjoint, alone and in one order: the bits
/// depend neither on the threads nor on the other images of a batch. The adjoint's adjoint is the linear map again.
/// </remarks>
public static unsafe class Augmentation
{
    /// <summary>Applies the map of each image to it.</summary>
    /// <param name="plan">Of N images.</param>
    /// <param name="mode">Which map.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="noise">[N, C, H, W], multiplied by σ; null where every σ is 0 or the mode is not affine.</param>
    /// <param name="y">[N, C, H, W], not x; every element is written.</param>
    /// <exception cref="ArgumentException">Noise is wanted and missing.</exception>
    public static void Apply(AugmentationPlan plan, AugmentationMode mode, float* x, float* noise, float* y)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (mode == AugmentationMode.Affine && noise == null && plan.NeedsNoise)
            throw new ArgumentException("An image's sigma is not 0 and there is no noise.", nameof(noise));
        // An image is worth a thread: a warp passes over it a hundred times.
        KernelLaunch.Run(new AugmentationKernel(plan, mode, x, noise, y), plan.ImageCount, KernelLaunch.GrainElements);
    }
}

internal readonly unsafe struct AugmentationKernel(AugmentationPlan plan, AugmentationMode mode, float* x, float* noise, float* y) : IKernel
{
    private const int HalfBand = AugmentationPlan.BandTaps / 2;

    private int Pixels => plan.Height * plan.Width;

    public void Run<TVector>(int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        long elements = (long)plan.Channels * Pixels;
        for (int n = begin; n < end; n++)
        {
            var image = plan.Images[n];
            if (mode == AugmentationMode.Adjoint)
                Transpose<TVector>(in image, x + (n * elements), y + (n * elements));
            else
                Forward<TVector>(in image, x + (n * elements), noise == null ? null : noise + (n * elements), y + (n * elements));
        }
    }

    private void Forward<TVector>(in ImagePlan image, float* source, float* added, float* target)
        where TVector : struct, IVector<TVector>
    {
        int all = plan.Channels * Pixels;
        if (image.Warp is { } warp)
        {
            var map = new PlaneWarp(plan, warp);
            for (int c = 0; c < plan.Channels; c++)
                map.Forward<TVector>(source + (c * Pixels), target + (c * Pixels));
        }
        else
        {
            PlaneRows.Copy(source, target, all);
        }
        Recolour<TVector>(image.Colour, target);
        FilterBands<TVector>(image.BandFilter, target);
        if (mode == AugmentationMode.Affine && image.Sigma != 0)
            PlaneRows.Accumulate<TVector>((float)image.Sigma, added, target, all);
        Cut(in image, target);
    }

    private void Transpose<TVector>(in ImagePlan image, float* source, float* target)
        where TVector : struct, IVector<TVector>
    {
        PlaneRows.Copy(source, target, plan.Channels * Pixels);
        Cut(in image, target);
        FilterBands<TVector>(image.BandFilter, target);
        Recolour<TVector>(image.Colour, target);
        if (image.Warp is not { } warp)
            return;
        var map = new PlaneWarp(plan, warp);
        for (int c = 0; c < plan.Channels; c++)
            map.Adjoint<TVector>(target + (c * Pixels));
    }

    private void Cut(in ImagePlan image, float* planes)
    {
        var (left, right) = image.CutColumns;
        for (int c = 0; c < plan.Channels && left < right; c++)
        {
            for (int row = image.CutRows.Begin; row < image.CutRows.End; row++)
                PlaneRows.Clear(planes + (c * Pixels) + (row * plan.Width) + left, right - left);
        }
    }

    private void Recolour<TVector>(double[]? m, float* planes)
        where TVector : struct, IVector<TVector>
    {
        if (m == null)
            return;
        bool constant = mode == AugmentationMode.Affine;
        int whole = Pixels - (Pixels % TVector.Lanes);
        if (plan.Channels == 1)
        {
            // A grey image is one whose channels are equal; the result is their mean.
            double gain = 0, offset = 0;
            for (int c = 0; c < 3; c++)
            {
                gain += (m[4 * c] / 3) + (m[(4 * c) + 1] / 3) + (m[(4 * c) + 2] / 3);
                offset += m[(4 * c) + 3] / 3;
            }
            Brighten<TVector>((float)gain, constant ? (float)offset : 0, planes, 0, whole);
            Brighten<ScalarLane>((float)gain, constant ? (float)offset : 0, planes, whole, Pixels);
            return;
        }
        float* f = stackalloc float[12];
        for (int c = 0; c < 3; c++)
        {
            for (int k = 0; k < 3; k++)
                f[(4 * c) + k] = (float)(mode == AugmentationMode.Adjoint ? m[(4 * k) + c] : m[(4 * c) + k]);
            f[(4 * c) + 3] = constant ? (float)m[(4 * c) + 3] : 0;
        }
        MixColours<TVector>(f, planes, 0, whole);
        MixColours<ScalarLane>(f, planes, whole, Pixels);
    }

    [MethodImpl(KernelLaunch.Hot)]
    private static void Brighten<TVector>(float gain, float offset, float* plane, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        TVector factor = TVector.Broadcast(gain), added = TVector.Broadcast(offset);
        for (int i = begin; i < end; i += TVector.Lanes)
            TVector.Store(plane + i, TVector.MultiplyAdd(factor, TVector.Load(plane + i), added));
    }

    [MethodImpl(KernelLaunch.Hot)]
    private void MixColours<TVector>(float* f, float* planes, int begin, int end)
        where TVector : struct, IVector<TVector>
    {
        float* red = planes, green = planes + Pixels, blue = green + Pixels;
        var toRed = new ColourRow<TVector>(f);
        var toGreen = new ColourRow<TVector>(f + 4);
        var toBlue = new ColourRow<TVector>(f + 8);
        for (int i = begin; i < end; i += TVector.Lanes)
        {
            TVector r = TVector.Load(red + i), g = TVector.Load(green + i), b = TVector.Load(blue + i);
            TVector.Store(red + i, toRed.Mix(r, g, b));
            TVector.Store(green + i, toGreen.Mix(r, g, b));
            TVector.Store(blue + i, toBlue.Mix(r, g, b));
        }
    }

    private readonly struct ColourRow<TVector>(float* f)
        where TVector : struct, IVector<TVector>
    {
        private readonly TVector _red = TVector.Broadcast(f[0]);
        private readonly TVector _green = TVector.Broadcast(f[1]);
        private readonly TVector _blue = TVector.Broadcast(f[2]);
        private readonly TVector _added = TVector.Broadcast(f[3]);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Mix(TVector r, TVector g, TVector b) =>
            TVector.MultiplyAdd(_red, r, TVector.MultiplyAdd(_green, g, TVector.MultiplyAdd(_blue, b, _added)));
    }

    /// <summary>Rows, then columns, over reflected borders; the adjoint in the reverse order.</summary>
    private void FilterBands<TVector>(double[]? band, float* planes)
        where TVector : struct, IVector<TVector>
    {
        if (band == null)
            return;
        int width = plan.Width, height = plan.Height, rowLength = width + (2 * HalfBand) + (2 * Vectors.VirtualLanes);
        float* other = Scratch.Get(ScratchUse.Rows, Pixels + (2L * rowLength) + (4 * AugmentationPlan.BandTaps)), rows = other + Pixels, taps = rows + (2 * rowLength);
        for (int k = 0; k < AugmentationPlan.BandTaps; k++)
            taps[k] = (float)band[k];
        for (int c = 0; c < plan.Channels; c++, planes += Pixels)
        {
            if (mode == AugmentationMode.Adjoint)
            {
                AddColumns<TVector>(planes, taps, other);
                SpreadRows<TVector>(other, taps, rows, rowLength, planes);
                continue;
            }
            PlaneRows.Pad(planes, width, HalfBand, HalfBand, rows);
            for (int r = 0; r < height; r++)
            {
                float* padded = rows + ((r & 1) * rowLength), next = rows + (((r + 1) & 1) * rowLength);
                if (r + 1 < height)
                    PlaneRows.Pad(planes + ((r + 1) * width), width, HalfBand, HalfBand, next);
                PlaneRows.Correlate<TVector>(padded, taps, AugmentationPlan.BandTaps, other + (r * width), width);
            }
            MixColumns<TVector>(other, taps, planes);
        }
    }

    private void MixColumns<TVector>(float* source, float* taps, float* target)
        where TVector : struct, IVector<TVector>
    {
        float** rows = stackalloc float*[AugmentationPlan.BandTaps];
        for (int o = 0; o < plan.Height; o++)
        {
            for (int k = 0; k < AugmentationPlan.BandTaps; k++)
                rows[k] = source + (AugmentationPlan.Reflect(o + k - HalfBand, plan.Height) * plan.Width);
            PlaneRows.Weigh<TVector>(rows, taps, AugmentationPlan.BandTaps, target + (o * plan.Width), plan.Width);
        }
    }

    private void AddColumns<TVector>(float* source, float* taps, float* target)
        where TVector : struct, IVector<TVector>
    {
        PlaneRows.Clear(target, Pixels);
        for (int o = 0; o < plan.Height; o++)
        {
            for (int k = 0; k < AugmentationPlan.BandTaps; k++)
                PlaneRows.Accumulate<TVector>(taps[k], source + (o * plan.Width), target + (AugmentationPlan.Reflect(o + k - HalfBand, plan.Height) * plan.Width), plan.Width);
        }
    }

    /// <summary>The adjoint of padding a row and correlating it: the reversed filter over the row between zeros, then the border folded.</summary>
    private void SpreadRows<TVector>(float* source, float* taps, float* rows, int rowLength, float* target)
        where TVector : struct, IVector<TVector>
    {
        const int Reach = AugmentationPlan.BandTaps - 1;
        int width = plan.Width;
        float* between = Scratch.Get(ScratchUse.Left, width + (2 * Reach) + rowLength), folded = rows, reversed = taps + AugmentationPlan.BandTaps;
        for (int k = 0; k <= Reach; k++)
            reversed[k] = taps[Reach - k];
        PlaneRows.Clear(between, width + (2 * Reach));
        for (int r = 0; r < plan.Height; r++)
        {
            PlaneRows.Copy(source + (r * width), between + Reach, width);
            PlaneRows.Correlate<TVector>(between, reversed, AugmentationPlan.BandTaps, folded, width + Reach);
            PlaneRows.Fold(folded, width, HalfBand, HalfBand, target + (r * width));
        }
    }
}
