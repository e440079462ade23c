namespace Atelier.Training.Imaging;

/// <summary>
/// What every source pixel of a line adds to every output pixel, in fixed point: the weights of Pillow's resampling of
/// 8-bit pictures (the filter stretched by the reduction, sampled at pixel centres, normalised, rounded to 22 bits).
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fraction bits of a weight: sums of products with bytes stay below 2³¹ even where Lanczos overshoots.</summary>
    public const int FractionBits = 22;

    private readonly int[] _counts;
    private readonly int[] _values;
    private readonly int _most;

    private ResampleWeights(int source, int target, int most)
    {
        (Source, Target, _most) = (source, target, most);
        First = new int[target];
        _counts = new int[target];
        _values = new int[target * most];
    }

    /// <summary>Length of the source line.</summary>
    public int Source { get; }

    /// <summary>Length of the output line.</summary>
    public int Target { get; }

    /// <summary>[Target]: the source pixel of an output pixel's first weight.</summary>
    public int[] First { get; }

    /// <summary>The weights of an output pixel, for source pixels from its first on.</summary>
    public ReadOnlySpan<int> Of(int index) => _values.AsSpan(index * _most, _counts[index]);

    /// <summary>Computes the weights between two lengths.</summary>
    /// <param name="source">Pixels of the source line.</param>
    /// <param name="target">Pixels of the output line.</param>
    /// <param name="filter">The filter.</param>
    public static ResampleWeights Compute(int source, int target, ResampleFilter filter)
    {
        // The filter would say so too, but for rounding.
        if (source == target)
            return Identity(source);
        var scale = (double)source / target;
        var stretch = Math.Max(scale, 1);
        var support = Support(filter) * stretch;
        var most = ((int)Math.Ceiling(support) * 2) + 1;
        var weights = new ResampleWeights(source, target, most);
        var exact = new double[most];
        for (var i = 0; i < target; i++)
        {
            var centre = (i + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - support + 0.5));
            var count = Math.Min(source, (int)(centre + support + 0.5)) - first;
            var sum = 0.0;
            for (var k = 0; k < count; k++)
                sum += exact[k] = Value(filter, (first + k + 0.5 - centre) / stretch);
            (weights.First[i], weights._counts[i]) = (first, count);
            for (var k = 0; k < count; k++)
                weights._values[(i * most) + k] = ToFixed(exact[k] / sum);
        }

        return weights;
    }

    private static ResampleWeights Identity(int length)
    {
        var weights = new ResampleWeights(length, length, most: 1);
        for (var i = 0; i < length; i++)
            (weights.First[i], weights._counts[i], weights._values[i]) = (i, 1, 1 << FractionBits);
        return weights;
    }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Lanczos => 3,
        ResampleFilter.Box => 0.5,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "unknown filter"),
    };

    private static double Value(ResampleFilter filter, double x) => filter switch
    {
        // Half open, so that an output edge on a pixel's centre counts the pixel once.
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    // Rounds half away from zero.
    private static int ToFixed(double weight) => (int)((weight * (1 << FractionBits)) + (weight < 0 ? -0.5 : 0.5));
}
