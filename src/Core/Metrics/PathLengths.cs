namespace Atelier.Core.Metrics;

/// <summary>What becomes of the path lengths of many samples.</summary>
public static class PathLengths
{
    /// <summary>
    /// The mean of those from the 1st percentile (the sample below it) to the 99th (the sample above it), both included, as
    /// published: a few paths that cross a discontinuity would outweigh all others.
    /// </summary>
    /// <param name="lengths">At least one.</param>
    public static double FilteredMean(ReadOnlySpan<double> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfZero(lengths.Length, nameof(lengths));
        var sorted = lengths.ToArray();
        Array.Sort(sorted);
        double low = sorted[(int)Math.Floor((sorted.Length - 1) * 0.01)], high = sorted[(int)Math.Ceiling((sorted.Length - 1) * 0.99)];
        return sorted.Where(length => length >= low && length <= high).Average();
    }
}
