namespace Atelier.Training.Imaging;

/// <summary>A named series of values.</summary>
/// <param name="Name">As in the legend.</param>
/// <param name="Points">With X ascending.</param>
public sealed record Curve(string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>
    /// At most <paramref name="limit"/> points: neighbours averaged, so that a long run draws as fast as a short one.
    /// </summary>
    internal Curve Thin(int limit)
    {
        if (Points.Count <= limit)
            return this;
        var size = (Points.Count + limit - 1) / limit;
        return this with { Points = [.. Points.Chunk(size).Select(Mean)] };
    }

    /// <summary>Centred moving average over 2·<paramref name="radius"/>+1 points (fewer at the ends): smooth without lag.</summary>
    internal Curve Smooth(int radius)
    {
        var smooth = new CurvePoint[Points.Count];
        for (var i = 0; i < smooth.Length; i++)
        {
            var first = Math.Max(0, i - radius);
            var count = Math.Min(smooth.Length - 1, i + radius) - first + 1;
            smooth[i] = new CurvePoint(Points[i].X, Points.Skip(first).Take(count).Average(p => p.Y));
        }

        return this with { Points = smooth };
    }

    private static CurvePoint Mean(CurvePoint[] points) => new(points.Average(p => p.X), points.Average(p => p.Y));
}
