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
