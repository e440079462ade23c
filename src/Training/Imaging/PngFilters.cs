using System.Runtime.CompilerServices;

namespace Atelier.Training.Imaging;

/// <summary>Takes back what PNG's filters did to the lines of a picture (PNG specification, section 9).</summary>
internal static class PngFilters
{
    /// <summary>Restores all lines in place.</summary>
    /// <param name="lines">Lines, each behind the number of its filter.</param>
    /// <param name="stride">Bytes of a line, without that number.</param>
    /// <param name="step">Bytes of a pixel.</param>
    /// <returns>False if a filter has a number that there is not.</returns>
    public static bool Undo(Span<byte> lines, int stride, int step)
    {
        ReadOnlySpan<byte> above = new byte[stride];
        for (; lines.Length > 0; lines = lines[(1 + stride)..])
        {
            var line = lines.Slice(1, stride);
            switch (lines[0])
            {
                case 0: break;
                case 1: Left(line, step); break;
                case 2: Up(line, above); break;
                case 3: Average(line, above, step); break;
                case 4: Paeth(line, above, step); break;
                default: return false;
            }

            above = line;
        }

        return true;
    }

    private static void Left(Span<byte> line, int step)
    {
        for (var i = step; i < line.Length; i++)
            line[i] += line[i - step];
    }

    private static void Up(Span<byte> line, ReadOnlySpan<byte> above)
    {
        var width = System.Numerics.Vector<byte>.Count;
        var at = 0;
        for (; at <= line.Length - width; at += width)
            (new System.Numerics.Vector<byte>(line[at..]) + new System.Numerics.Vector<byte>(above[at..])).CopyTo(line[at..]);
        for (; at < line.Length; at++)
            line[at] += above[at];
    }

    private static void Average(Span<byte> line, ReadOnlySpan<byte> above, int step)
    {
        for (var i = 0; i < step; i++)
            line[i] += (byte)(above[i] / 2);
        for (var i = step; i < line.Length; i++)
            line[i] += (byte)((line[i - step] + above[i]) / 2);
    }

    // Channel by channel: what a byte depends on stays in registers.
    private static void Paeth(Span<byte> line, ReadOnlySpan<byte> above, int step)
    {
        above = above[..line.Length];
        for (var c = 0; c < step; c++)
        {
            int left = 0, corner = 0;
            for (var i = c; i < line.Length; i += step)
            {
                int up = above[i];
                left = (byte)(line[i] + Nearest(left, up, corner));
                line[i] = (byte)left;
                corner = up;
            }
        }
    }

    // The neighbour that is nearest to left + up - corner; in doubt in this order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Nearest(int left, int up, int corner)
    {
        var toLeft = Math.Abs(up - corner);
        var toUp = Math.Abs(left - corner);
        var toCorner = Math.Abs(left + up - corner - corner);
        var best = toUp <= toCorner ? up : corner;
        return toLeft <= toUp && toLeft <= toCorner ? left : best;
    }
}
