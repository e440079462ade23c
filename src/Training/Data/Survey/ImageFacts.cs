using System.Security.Cryptography;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Survey;

/// <summary>What one image turned out to be.</summary>
internal sealed record ImageFacts
{
    /// <summary>Why it cannot be used, in one line; null if it can.</summary>
    public string? Reason { get; private init; }

    /// <summary>Its size in pixels.</summary>
    public ImageSize Size { get; private init; }

    /// <summary>Channels that its file stores.</summary>
    public int Channels { get; private init; }

    /// <summary>Length of its file.</summary>
    public long Bytes { get; private init; }

    /// <summary>Hash of its file.</summary>
    public byte[] Sha256 { get; private init; } = [];

    /// <summary>[R, G, B]: sums of all pixels.</summary>
    public long[] Sums { get; private init; } = [];

    /// <summary>[R, G, B]: sums of their squares.</summary>
    public long[] Squares { get; private init; } = [];

    /// <summary>Reads and decodes an image of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="index">Which.</param>
    public static ImageFacts Of(ImageSource source, int index)
    {
        try
        {
            var file = source.Read(index);
            var image = ImageCodec.Decode(file, RgbColor.White);
            var (sums, squares) = (new long[3], new long[3]);
            var plane = image.Width * image.Height;
            for (var c = 0; c < 3; c++)
                (sums[c], squares[c]) = Sum(image.Planes.AsSpan(c * plane, plane));
            return new ImageFacts
            {
                Size = image.Size, Channels = EncodedChannels.Count(file), Bytes = file.Length, Sha256 = SHA256.HashData(file), Sums = sums, Squares = squares,
            };
        }
        catch (Exception e) when (e is ImageFormatException or InvalidDataException or UnauthorizedAccessException or IOException)
        {
            return new ImageFacts { Reason = e.Message };
        }
    }

    // Whole numbers: the sum is the same in any order.
    private static (long Sum, long Squares) Sum(ReadOnlySpan<byte> plane)
    {
        long sum = 0, squares = 0;
        foreach (var value in plane)
        {
            sum += value;
            squares += value * value;
        }

        return (sum, squares);
    }
}
