using System.Globalization;

namespace Atelier.Training.Imaging;

/// <summary>A range of values, its round ticks, and where a value lies in it (0 to 1). Pure.</summary>
internal sealed record ChartAxis
{
    private ChartAxis(double low, double high, bool logarithmic, IReadOnlyList<double> ticks)
    {
        Low = low;
        High = high;
        Logarithmic = logarithmic;
        Ticks = ticks;
    }

    public double Low { get; }

    public double High { get; }

    public bool Logarithmic { get; }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis that covers the finite values, with ticks at 1, 2 or 5 times a power of ten.</summary>
    /// <param name="values">Any values; those that cannot lie on the axis are passed over.</param>
    /// <param name="ticks">About how many ticks.</param>
    /// <param name="toTicks">Whether the axis ends at ticks, outside the values, or at the values.</param>
    public static ChartAxis Linear(IEnumerable<double> values, int ticks, bool toTicks)
    {
        var (low, high) = Range(values.Where(double.IsFinite), 0, 1);
        if (high - low < 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high)) || high == low)
            (low, high) = low == 0 ? (0, 1) : (low - (Math.Abs(low) / 2), high + (Math.Abs(high) / 2));
        var step = RoundStep((high - low) / ticks);
        if (toTicks)
            (low, high) = (Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step);
        var first = (long)Math.Ceiling((low / step) - 1e-9);
        var last = (long)Math.Floor((high / step) + 1e-9);
        var at = Enumerable.Range(0, (int)(last - first + 1)).Select(i => (first + i) * step).ToArray();
        return new ChartAxis(low, high, false, at);
    }

    /// <summary>A logarithmic axis over the positive values: decades, with 2 and 5 between where there are few.</summary>
    public static ChartAxis Log(IEnumerable<double> values, int ticks)
    {
        var (low, high) = Range(values.Where(v => double.IsFinite(v) && v > 0), 0.1, 10);
        var (first, last) = ((int)Math.Floor(Math.Log10(low)), (int)Math.Ceiling(Math.Log10(high)));
        double[] digits = last - first <= 2 ? [1, 2, 5] : [1];
        var every = Math.Max(1, (last - first + ticks - 1) / ticks);
        var at = Enumerable.Range(0, last - first + 1).Where(i => i % every == 0)
            .SelectMany(i => digits.Select(d => d * Math.Pow(10, first + i))).ToArray();
        // The axis ends at the closest of these marks outside the values, not always at a whole decade.
        low = at.LastOrDefault(t => t <= low * (1 + 1e-9), Math.Pow(10, first));
        high = at.FirstOrDefault(t => t >= high * (1 - 1e-9), Math.Pow(10, last));
        if (high <= low)
            (low, high) = (low / 10, high * 10);
        return new ChartAxis(low, high, true, [.. at.Where(t => t >= low && t <= high)]);
    }

    /// <summary>Where a value lies: 0 at the low end, 1 at the high end; NaN if it cannot lie on the axis.</summary>
    public double Position(double value) =>
        !double.IsFinite(value) ? double.NaN
        : !Logarithmic ? (value - Low) / (High - Low)
        : value > 0 ? Math.Log(value / Low) / Math.Log(High / Low) : double.NaN;

    /// <summary>A tick's text: as few digits as tell the ticks apart.</summary>
    public static string Label(double tick) => Math.Abs(tick) is >= 1e6 or (> 0 and < 1e-4)
        ? tick.ToString("0.###e0", CultureInfo.InvariantCulture)
        : Math.Round(tick, 10).ToString("#,0.##########", CultureInfo.InvariantCulture);

    private static (double Low, double High) Range(IEnumerable<double> values, double low, double high)
    {
        var any = values.ToArray();
        return any.Length == 0 ? (low, high) : (any.Min(), any.Max());
    }

    private static double RoundStep(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
