using System.Buffers.Binary;

namespace Atelier.Training.Imaging;

/// <summary>Reads from the headers of PNG, JPEG and WebP files how many channels they store, without decoding them.</summary>
public static class EncodedChannels
{
    /// <summary>The channels of a file: 1 grey, 2 grey with alpha, 3 RGB (or a palette), 4 with alpha (or CMYK).</summary>
    /// <param name="file">The file's bytes, which a decoder has accepted.</param>
    /// <returns>0 if its header does not say.</returns>
    public static int Count(ReadOnlySpan<byte> file) =>
        file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? Png(file)
        : file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]) ? Jpeg(file[2..])
        : file.StartsWith("RIFF"u8) ? WebP(file)
        : 0;

    // The colour type of IHDR, which is the first chunk.
    private static int Png(ReadOnlySpan<byte> file) => file.Length <= 25 ? 0 : file[25] switch
    {
        0 => 1,
        2 or 3 => 3,
        4 => 2,
        6 => 4,
        _ => 0,
    };

    // The components of the first frame header, SOF0 to SOF15; C4, C8 and CC in that range are other segments.
    private static int Jpeg(ReadOnlySpan<byte> segments)
    {
        while (segments.Length >= 10 && segments[0] == 0xFF)
        {
            var marker = segments[1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                return segments[9];
            var length = 2 + BinaryPrimitives.ReadUInt16BigEndian(segments[2..]);
            if (length > segments.Length)
                break;
            segments = segments[length..];
        }

        return 0;
    }

    // Lossy without alpha, lossless (a bit of its header), or extended (a flag).
    private static int WebP(ReadOnlySpan<byte> file) => file.Length <= 24 ? 0 : file[15] switch
    {
        (byte)' ' => 3,
        (byte)'L' => (file[24] & 0x10) != 0 ? 4 : 3,
        (byte)'X' => (file[20] & 0x10) != 0 ? 4 : 3,
        _ => 0,
    };
}
