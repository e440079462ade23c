namespace Atelier.Dashboard.Curves;

/// <summary>What is asked of a run's curves.</summary>
public sealed record CurveQuery
{
    /// <summary>Most points per curve that are ever given.</summary>
    public const int MostPoints = 4000;

    /// <summary>Scalars by name; empty for all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>First kimg of the window; null for the beginning.</summary>
    public double? From { get; init; }

    /// <summary>Last kimg of the window; null for the end.</summary>
    public double? To { get; init; }

    /// <summary>Points per curve at most: about the width of the chart in pixels.</summary>
    public int Points { get; init; } = 1000;

    /// <summary>Weight of the past in the exponential average, from 0 (none) to below 1.</summary>
    public double Smoothing { get; init; }
}

/// <summary>Curves as they are drawn: all share their positions.</summary>
/// <param name="Kimg">Positions, rising.</param>
/// <param name="Series">Values by the scalar's name, as many as positions; NaN where there is none.</param>
/// <param name="Ticks">Ticks of the whole run.</param>
public sealed record CurveView(IReadOnlyList<double> Kimg, IReadOnlyDictionary<string, IReadOnlyList<double>> Series, int Ticks)
{
    /// <summary>Cuts out the window, averages, and thins out to the points asked for. Of each interval the lowest and the highest value stay, so that no spike is lost.</summary>
    public static CurveView Of(CurveTable table, CurveQuery query)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(query);
        var kimg = table.Kimg;
        var first = query.From is { } from ? Bound(kimg, from, isAfter: false) : 0;
        var end = query.To is { } to ? Bound(kimg, to, isAfter: true) : kimg.Count;
        var names = query.Names.Count > 0 ? query.Names.Where(name => table.Column(name) is not null).Distinct() : table.Names;
        var bounds = Intervals(first, Math.Max(first, end), Math.Clamp(query.Points, 2, CurveQuery.MostPoints));
        var series = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal);
        foreach (var name in names) series[name] = Thin(Smooth(table.Column(name)!, query.Smoothing), bounds);
        return new(PositionsOf(kimg, bounds), series, kimg.Count);
    }

    /// <summary>The exponential average, corrected for its beginning as Adam's is; the past does not reach over values that are not finite.</summary>
    public static double[] Smooth(IReadOnlyList<float> values, double weight)
    {
        ArgumentNullException.ThrowIfNull(values);
        var smooth = new double[values.Count];
        var (sum, mass) = (0.0, 0.0);
        for (var index = 0; index < smooth.Length; index++)
        {
            if (weight <= 0 || !float.IsFinite(values[index]))
            {
                smooth[index] = values[index];
                continue;
            }

            sum = weight * sum + (1 - weight) * values[index];
            mass = weight * mass + (1 - weight);
            smooth[index] = sum / mass;
        }

        return smooth;
    }

    /// <summary>Bounds of the intervals: as many as half the points, or one per tick where that is no more.</summary>
    private static int[] Intervals(int first, int end, int points)
    {
        var count = end - first <= points ? end - first : points / 2;
        return [.. Enumerable.Range(0, count + 1).Select(index => first + (int)((long)index * (end - first) / Math.Max(count, 1)))];
    }

    private static List<double> PositionsOf(IReadOnlyList<double> kimg, int[] bounds)
    {
        var positions = new List<double>(bounds.Length * 2);
        for (var index = 0; index + 1 < bounds.Length; index++)
        {
            positions.Add(kimg[bounds[index]]);
            if (bounds[index + 1] - bounds[index] > 1) positions.Add(kimg[bounds[index + 1] - 1]);
        }

        return positions;
    }

    private static List<double> Thin(double[] values, int[] bounds)
    {
        var thinned = new List<double>(bounds.Length * 2);
        for (var index = 0; index + 1 < bounds.Length; index++)
        {
            var (start, end) = (bounds[index], bounds[index + 1]);
            var (low, high) = (-1, -1);
            for (var at = start; at < end; at++)
            {
                if (!double.IsFinite(values[at])) continue;
                if (low < 0 || values[at] < values[low]) low = at;
                if (high < 0 || values[at] > values[high]) high = at;
            }

            thinned.Add(low < 0 ? double.NaN : values[Math.Min(low, high)]);
            if (end - start > 1) thinned.Add(low < 0 ? double.NaN : values[Math.Max(low, high)]);
        }

        return thinned;
    }

    private static int Bound(IReadOnlyList<double> kimg, double at, bool isAfter)
    {
        var (low, high) = (0, kimg.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (kimg[middle] < at || isAfter && kimg[middle] <= at) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
