namespace Atelier.Kernels;

/// <summary>
/// What augmentation parameters mean for images of a size (Karras et al. 2020, "Training Generative Adversarial Networks with Limited
/// Data", appendix B). Computed in float64 by +, −, ×, ÷, √ and rounding alone. Immutable.
/// </summary>
/// <remarks>
/// A row of parameters:
/// <list type="bullet">
/// <item>0–5: [2×3] geometry, from a pixel of the result to one of the image, both counted from the middle of the image;</item>
/// <item>6–17: [3×4] colour, of (r, g, b, 1);</item>
/// <item>18–21: gains of the octave bands, the lowest frequencies first;</item>
/// <item>22: σ of the noise;</item>
/// <item>23–25: cutout: x and y of its middle and the length of a side, as parts of the image's width and height.</item>
/// </list>
/// What leaves the image as it is (the identity, gains of 1, zeros) costs nothing.
/// </remarks>
public sealed class AugmentationPlan
{
    /// <summary>Numbers in a row of parameters.</summary>
    public const int ParameterCount = 26;

    internal const int WaveletTaps = 12;
    internal const int BandTaps = 43;
    internal const int BandCount = 4;

    /// <summary>The samples reach this many pixels over the border, because the filter that brings them back to the size does.</summary>
    private const int Border = WaveletTaps / 4;

    private AugmentationPlan(int channels, int height, int width, ImagePlan[] images) =>
        (Channels, Height, Width, Images) = (channels, height, width, images);

    /// <summary>Of an image.</summary>
    public int Channels { get; }

    /// <summary>Of an image, in pixels.</summary>
    public int Height { get; }

    /// <summary>Of an image, in pixels.</summary>
    public int Width { get; }

    /// <summary>N.</summary>
    public int ImageCount => Images.Length;

    /// <summary>Whether any image has noise added.</summary>
    public bool NeedsNoise => Images.Any(image => image.Sigma != 0);

    internal ImagePlan[] Images { get; }

    internal int SampleRows => 2 * (Height + (2 * Border));

    internal int SampleColumns => 2 * (Width + (2 * Border));

    /// <summary>The sym6 wavelet's low-pass filter (Daubechies' least asymmetric one with six vanishing moments), with a sum of 1.</summary>
    internal static double[] Wavelet { get; } = [.. new[]
    {
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
    }.Select(tap => tap * 0.7071067811865476)];

    /// <summary>The bands' filters, [band][tap]: sym2 wavelets cascaded over three octaves; they add up to the identity.</summary>
    internal static double[][] FilterBank { get; } = MakeBank();

    /// <summary>Reads the parameters of a batch.</summary>
    /// <param name="channels">C; 1 or 3 where colours change.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="parameters">[N, <see cref="ParameterCount"/>].</param>
    /// <exception cref="ArgumentException">No whole rows, no pixels, or colours of neither 1 nor 3 channels.</exception>
    public static AugmentationPlan Create(int channels, int height, int width, ReadOnlySpan<double> parameters)
    {
        if (channels < 1 || height < 1 || width < 1)
            throw new ArgumentException($"Images must have pixels, not [{channels}, {height}, {width}].");
        if (parameters.Length % ParameterCount != 0)
            throw new ArgumentException($"Parameters must be [N, {ParameterCount}], they are {parameters.Length} numbers.", nameof(parameters));
        var images = new ImagePlan[parameters.Length / ParameterCount];
        var plan = new AugmentationPlan(channels, height, width, images);
        for (int n = 0; n < images.Length; n++)
        {
            images[n] = plan.PlanImage(parameters.Slice(n * ParameterCount, ParameterCount));
            if (images[n].Colour != null && channels is not (1 or 3))
                throw new ArgumentException($"Colours need 1 or 3 channels, not {channels}.", nameof(channels));
        }
        return plan;
    }

    /// <summary>Where a filter or a margin that leaves [0, size) meets the image: reflected without repeating the border's pixels.</summary>
    internal static int Reflect(int i, int size)
    {
        if (size == 1)
            return 0;
        int period = 2 * (size - 1), phase = ((i % period) + period) % period;
        return phase < size ? phase : period - phase;
    }

    private ImagePlan PlanImage(ReadOnlySpan<double> row)
    {
        var gains = row.Slice(18, BandCount).ToArray();
        bool cuts = row[25] > 0;
        return new ImagePlan
        {
            Warp = row[..6].SequenceEqual([1, 0, 0, 0, 1, 0]) ? null : PlanWarp(row),
            Colour = row.Slice(6, 12).SequenceEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]) ? null : row.Slice(6, 12).ToArray(),
            BandFilter = gains.All(gain => gain == 1)
                ? null
                : [.. Enumerable.Range(0, BandTaps).Select(k => Enumerable.Range(0, BandCount).Sum(band => gains[band] * FilterBank[band][k]))],
            Sigma = row[22],
            CutColumns = cuts ? Cut(row[23], row[25], Width) : default,
            CutRows = cuts ? Cut(row[24], row[25], Height) : default,
        };
    }

    /// <summary>Margins and positions as published, but of this image alone: nothing depends on its neighbours in a batch.</summary>
    private WarpPlan PlanWarp(ReadOnlySpan<double> g)
    {
        double centreX = (Width - 1) / 2.0, centreY = (Height - 1) / 2.0;
        // Of the result's corners; a centred box reaches as far to one side as to the other, but for the translation.
        double reachX = (Math.Abs(g[0]) * centreX) + (Math.Abs(g[1]) * centreY), reachY = (Math.Abs(g[3]) * centreX) + (Math.Abs(g[4]) * centreY);
        int left = Margin(reachX - g[2], centreX, Width), right = Margin(reachX + g[2], centreX, Width);
        int top = Margin(reachY - g[5], centreY, Height), bottom = Margin(reachY + g[5], centreY, Height);
        double firstX = Width + (2 * Border) - 1, firstY = Height + (2 * Border) - 1;
        double[] position =
        [
            g[0], g[1], (-g[0] * firstX) - (g[1] * firstY) + (2 * g[2]) + Width - 1 + (2.0 * left),
            g[3], g[4], (-g[3] * firstX) - (g[4] * firstY) + (2 * g[5]) + Height - 1 + (2.0 * top),
        ];
        return new WarpPlan(left, right, top, bottom, position, Range(position.AsSpan(0, 3), 2 * (Width + left + right)),
            Range(position.AsSpan(3, 3), 2 * (Height + top + bottom)));
    }

    private static int Margin(double reach, double centre, int size) =>
        (int)Math.Ceiling(Math.Clamp(reach + (2 * Border) - centre, 0, size - 1));

    /// <summary>What samples meet of an axis: one more on every side than the corners say, for rounding; even numbers.</summary>
    private (int Begin, int End) Range(ReadOnlySpan<double> q, int size)
    {
        double lastColumn = SampleColumns - 1, lastRow = SampleRows - 1;
        double low = q[2] + Math.Min(q[0] * lastColumn, 0) + Math.Min(q[1] * lastRow, 0);
        double high = q[2] + Math.Max(q[0] * lastColumn, 0) + Math.Max(q[1] * lastRow, 0);
        int begin = (int)Math.Clamp(Math.Floor(low) - 1, 0, size) / 2 * 2, end = ((int)Math.Clamp(Math.Floor(high) + 3, 0, size) + 1) / 2 * 2;
        return (begin, end);
    }

    /// <summary>Pixels whose middle is less than half a side away from the cutout's middle.</summary>
    private static (int Begin, int End) Cut(double middle, double side, int size)
    {
        bool Inside(int i) => Math.Abs(((i + 0.5) / size) - middle) < side / 2;
        int begin = 0;
        while (begin < size && !Inside(begin))
            begin++;
        int end = begin;
        while (end < size && Inside(end))
            end++;
        return (begin, end);
    }

    private static double[][] MakeBank()
    {
        // sym2, which is Daubechies' wavelet with two vanishing moments.
        double r = Math.Sqrt(3), s = 4 * Math.Sqrt(2);
        double[] low = [(1 - r) / s, (3 - r) / s, (3 + r) / s, (1 + r) / s], high = [low[0], -low[1], low[2], -low[3]];
        double[] lowPower = Power(low), highPower = Power(high);
        var bank = Enumerable.Range(0, BandCount).Select(band => new[] { band == 0 ? 1.0 : 0 }).ToArray();
        for (int octave = 1; octave < BandCount; octave++)
        {
            bank = [.. bank.Select(band => Convolve(Stretch(band), lowPower))];
            int start = (bank[octave].Length - highPower.Length) / 2;
            for (int k = 0; k < highPower.Length; k++)
                bank[octave][start + k] += highPower[k];
        }
        return bank;
    }

    /// <summary>H(z)·H(1/z)/2.</summary>
    private static double[] Power(double[] h) => [.. Convolve(h, [.. h.Reverse()]).Select(tap => tap / 2)];

    private static double[] Stretch(double[] h)
    {
        var result = new double[(2 * h.Length) - 1];
        for (int i = 0; i < h.Length; i++)
            result[2 * i] = h[i];
        return result;
    }

    private static double[] Convolve(double[] a, double[] b)
    {
        var result = new double[a.Length + b.Length - 1];
        for (int i = 0; i < a.Length; i++)
        {
            for (int j = 0; j < b.Length; j++)
                result[i + j] += a[i] * b[j];
        }
        return result;
    }
}

/// <summary>What happens to one image; null: nothing.</summary>
internal readonly record struct ImagePlan(
    WarpPlan? Warp, double[]? Colour, double[]? BandFilter, double Sigma, (int Begin, int End) CutColumns, (int Begin, int End) CutRows);

/// <summary>
/// Sample (row i, column j) lies at x = p[0]·j + p[1]·i + p[2], y = p[3]·j + p[4]·i + p[5] of the reflected image at twice its size.
/// </summary>
/// <param name="Left">Reflected pixels before the image, less than its width; likewise the next three.</param>
/// <param name="Right">Behind it.</param>
/// <param name="Top">Above it.</param>
/// <param name="Bottom">Below it.</param>
/// <param name="Position">p.</param>
/// <param name="X">Columns that samples meet of the image at twice its size, from and to even numbers.</param>
/// <param name="Y">Rows likewise.</param>
internal sealed record WarpPlan(int Left, int Right, int Top, int Bottom, double[] Position, (int Begin, int End) X, (int Begin, int End) Y)
{
    public int BoxWidth => X.End - X.Begin;

    public int BoxHeight => Y.End - Y.Begin;

    public bool IsEmpty => BoxWidth <= 0 || BoxHeight <= 0;
}
