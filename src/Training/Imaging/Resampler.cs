using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Atelier.Training.Imaging;

/// <summary>
/// Crops and resizes pictures to one size, to the values of Pillow's <c>Image.resize</c> of the cropped picture: first
/// along rows, then along columns, rounded and clamped to bytes after each. Safe from any number of threads.
/// </summary>
public sealed class Resampler
{
    private const int Lanes = 8;
    private const int Half = 1 << (ResampleWeights.FractionBits - 1);

    private readonly ResampleFilter _filter;

    // The weights used last: the pictures of a dataset mostly have one size. Replaced as a whole, so a race costs time only.
    private ResampleWeights? _across;
    private ResampleWeights? _down;

    /// <summary>Prepares resizing.</summary>
    /// <param name="target">The size of the results.</param>
    /// <param name="filter">The filter.</param>
    public Resampler(ImageSize target, ResampleFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(target.Width, nameof(target));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(target.Height, nameof(target));
        (Target, _filter) = (target, filter);
    }

    /// <summary>The size of the results.</summary>
    public ImageSize Target { get; }

    /// <summary>Resizes a part of a picture; pixels outside the part have no influence.</summary>
    /// <param name="source">The picture.</param>
    /// <param name="box">The part; it must lie inside.</param>
    public RgbImage Resize(RgbImage source, ImageBox box)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (box.Left < 0 || box.Top < 0 || box.Left + box.Size.Width > source.Width || box.Top + box.Size.Height > source.Height)
            throw new ArgumentException($"{box} does not lie inside a picture of {source.Size}.", nameof(box));
        if (box == ImageBox.Whole(source.Size) && box.Size == Target)
            return source;
        var across = Weights(ref _across, box.Size.Width, Target.Width);
        var down = Weights(ref _down, box.Size.Height, Target.Height);
        var result = new RgbImage(Target.Width, Target.Height, GC.AllocateUninitializedArray<byte>(Target.ImageBytes));
        // Rows of whole vectors: [box height, pitch].
        var pitch = (Target.Width + Lanes - 1) / Lanes * Lanes;
        var narrowed = ArrayPool<int>.Shared.Rent(box.Size.Height * pitch);
        var columns = ArrayPool<int>.Shared.Rent(box.Size.Width * Lanes);
        try
        {
            for (var c = 0; c < 3; c++)
            {
                for (var y = 0; y < box.Size.Height; y += Lanes)
                {
                    var rows = Math.Min(Lanes, box.Size.Height - y);
                    Turn(source, c, box, y, rows, columns);
                    Narrow(columns, across, rows, pitch, narrowed.AsSpan(y * pitch));
                }

                for (var y = 0; y < Target.Height; y++)
                    MixRows(narrowed, pitch, down, y, result.Planes.AsSpan(((c * Target.Height) + y) * Target.Width, Target.Width));
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(narrowed);
            ArrayPool<int>.Shared.Return(columns);
        }

        return result;
    }

    private ResampleWeights Weights(ref ResampleWeights? last, int source, int target)
    {
        if (last is { } known && known.Source == source)
            return known;
        return last = ResampleWeights.Compute(source, target, _filter);
    }

    // Pixels of some rows, a vector a column: [box width, Lanes]. So a weight meets as many rows at once.
    private static void Turn(RgbImage source, int channel, ImageBox box, int y, int rows, int[] columns)
    {
        for (var r = 0; r < rows; r++)
        {
            var row = source.Planes.AsSpan((((channel * source.Height) + box.Top + y + r) * source.Width) + box.Left, box.Size.Width);
            for (var x = 0; x < row.Length; x++)
                columns[(x * Lanes) + r] = row[x];
        }
    }

    // [box width, Lanes] to rows of the target's width.
    private static void Narrow(int[] columns, ResampleWeights weights, int rows, int pitch, Span<int> narrowed)
    {
        ref var pixels = ref MemoryMarshal.GetArrayDataReference(columns);
        Span<int> values = stackalloc int[Lanes];
        for (var x = 0; x < weights.Target; x++)
        {
            var sums = Vector256.Create(Half);
            var from = (nuint)(weights.First[x] * Lanes);
            foreach (var weight in weights.Of(x))
            {
                sums += Vector256.LoadUnsafe(ref pixels, from) * weight;
                from += Lanes;
            }

            ToBytes(sums).CopyTo(values);
            for (var r = 0; r < rows; r++)
                narrowed[(r * pitch) + x] = values[r];
        }
    }

    // One row of the target from rows [box height, pitch].
    private static void MixRows(int[] rows, int pitch, ResampleWeights weights, int y, Span<byte> result)
    {
        ref var pixels = ref MemoryMarshal.GetArrayDataReference(rows);
        Span<int> values = stackalloc int[Lanes];
        for (var x = 0; x < result.Length; x += Lanes)
        {
            var sums = Vector256.Create(Half);
            var from = (nuint)((weights.First[y] * pitch) + x);
            foreach (var weight in weights.Of(y))
            {
                sums += Vector256.LoadUnsafe(ref pixels, from) * weight;
                from += (nuint)pitch;
            }

            ToBytes(sums).CopyTo(values);
            var count = Math.Min(Lanes, result.Length - x);
            for (var i = 0; i < count; i++)
                result[x + i] = (byte)values[i];
        }
    }

    private static Vector256<int> ToBytes(Vector256<int> sums) =>
        Vector256.Min(Vector256.Max(sums >> ResampleWeights.FractionBits, Vector256<int>.Zero), Vector256.Create(255));
}

/// <summary>How pixels are weighted when a picture is resized.</summary>
public enum ResampleFilter
{
    /// <summary>Lanczos with three lobes: sharp; may overshoot at edges, and is clamped.</summary>
    Lanczos,

    /// <summary>The mean over the area of an output pixel.</summary>
    Box,
}

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
