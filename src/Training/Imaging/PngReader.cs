using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace Atelier.Training.Imaging;

/// <summary>
/// A PNG file whose chunks were checked: whole, in a possible order, with right checksums. ImageSharp takes files that
/// lost their end and fills the rest with black; a dataset must not. (PNG specification, second edition.)
/// </summary>
/// <remarks>
/// Most files of datasets have 8 bits per sample, no palette and no interlacing. Those are decoded here, because inflating
/// whole pictures instead of rows is 1.1 to 1.8 times as fast as ImageSharp (docs/decisions/0010-imagesharp.md).
/// </remarks>
internal sealed class PngReader
{
    private const int ChunkFrame = 12;
    private const int HeaderBytes = 13;
    private const int Palette = 3;

    // Of each of Adam7's passes: first column, first row, and the steps between columns and rows.
    private static readonly (int X, int Y, int Across, int Down)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    private readonly byte[] _file;
    private readonly List<Range> _data = [];
    private int _bitDepth;
    private int _colourType;
    private bool _interlaced;

    private PngReader(byte[] file) => _file = file;

    /// <summary>Width and height in pixels.</summary>
    public ImageSize Size { get; private set; }

    /// <summary>Samples per pixel as stored: 1 grey, 2 grey and alpha, 3 RGB or a palette, 4 RGB and alpha.</summary>
    public int Channels => _colourType switch { 0 => 1, 4 => 2, 6 => 4, _ => 3 };

    /// <summary>Whether pixels can be transparent.</summary>
    public bool HasAlpha => _colourType is 4 or 6 || HasTransparentColours;

    /// <summary>The EXIF block, if there is one.</summary>
    public byte[]? Exif { get; private set; }

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private bool HasTransparentColours { get; set; }

    private bool IsPlain => _bitDepth == 8 && _colourType != Palette && !_interlaced && !HasTransparentColours && Exif is null;

    /// <summary>Whether bytes begin as a PNG file does.</summary>
    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>The size that the header states, without looking at the rest; null if there is no header.</summary>
    public static ImageSize? SizeOf(ReadOnlySpan<byte> file) =>
        IsPng(file) && file.Length >= Signature.Length + ChunkFrame + HeaderBytes
            ? new ImageSize(BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]))
            : null;

    /// <summary>Reads the chunks of a file; pixels are neither inflated nor checked.</summary>
    /// <exception cref="ImageFormatException">The file is cut short or damaged.</exception>
    public static PngReader Open(byte[] file)
    {
        var png = new PngReader(file);
        var at = Signature.Length;
        while (png.ReadChunk(ref at))
        {
        }

        if (png._data.Count == 0)
            throw new ImageFormatException("damaged PNG: it has no pixels (no IDAT chunk)");
        return png;
    }

    /// <summary>Decodes a file of the common kind.</summary>
    /// <param name="background">The colour under transparent pixels.</param>
    /// <returns>Null if it is of another kind; its pixels are complete then.</returns>
    /// <exception cref="ImageFormatException">The pixels are cut short or damaged.</exception>
    public RgbImage? TryDecode(RgbColor background)
    {
        if (!IsPlain)
        {
            RequireAllPixels();
            return null;
        }

        var stride = Size.Width * Channels;
        var lines = ArrayPool<byte>.Shared.Rent(Size.Height * (1 + stride));
        try
        {
            var used = lines.AsSpan(0, Size.Height * (1 + stride));
            using var pixels = Inflater();
            Inflate(pixels, used);
            if (pixels.ReadByte() >= 0)
                throw new ImageFormatException("damaged PNG: it has more pixels than its header says");
            PngFilters.Undo(used, stride, Channels);
            return ToPlanes(used, background);
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException($"damaged PNG: {e.Message.TrimEnd('.')}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(lines);
        }
    }

    // False behind the last chunk.
    private bool ReadChunk(ref int at)
    {
        var rest = _file.AsSpan(at);
        if (rest.Length < ChunkFrame)
            throw new ImageFormatException("truncated PNG: it ends without an IEND chunk");
        var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        var type = rest.Slice(4, 4);
        if (length > rest.Length - ChunkFrame)
            throw new ImageFormatException($"truncated PNG: {length - (uint)(rest.Length - ChunkFrame):#,0} bytes of its chunk {Name(type)} are missing");
        var data = rest.Slice(8, (int)length);
        var intact = Crc32.HashToUInt32(rest.Slice(4, 4 + data.Length)) == BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + data.Length)..]);
        var isTransparency = type.SequenceEqual("tRNS"u8);
        // A lower-case letter first: a chunk that pixels do not need, tRNS apart.
        if (!intact && (char.IsAsciiLetterUpper((char)type[0]) || isTransparency))
            throw new ImageFormatException($"damaged PNG: the checksum of its chunk {Name(type)} at byte {at:#,0} is wrong");
        if (at == Signature.Length)
            ReadHeader(type, data);
        else if (type.SequenceEqual("IDAT"u8))
            _data.Add((at + 8)..(at + 8 + data.Length));
        else if (isTransparency)
            HasTransparentColours = true;
        else if (type.SequenceEqual("eXIf"u8) && intact)
            Exif = data.ToArray();
        at += ChunkFrame + data.Length;
        return !type.SequenceEqual("IEND"u8);
    }

    private void ReadHeader(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (!type.SequenceEqual("IHDR"u8) || data.Length != HeaderBytes)
            throw new ImageFormatException("damaged PNG: it does not begin with a header");
        Size = new ImageSize(BinaryPrimitives.ReadInt32BigEndian(data), BinaryPrimitives.ReadInt32BigEndian(data[4..]));
        (_bitDepth, _colourType, _interlaced) = (data[8], data[9], data[12] == 1);
        if (Size is not { Width: > 0, Height: > 0 } || _bitDepth is not (1 or 2 or 4 or 8 or 16) || _colourType is not (0 or 2 or 3 or 4 or 6)
            || data[10] != 0 || data[11] != 0 || data[12] > 1)
            throw new ImageFormatException("damaged PNG: its header has invalid values");
    }

    private static string Name(ReadOnlySpan<byte> type) => string.Concat(type.ToArray().Select(b => b is > 32 and < 127 ? (char)b : '?'));

    private ZLibStream Inflater()
    {
        if (_data is [var only])
            return new ZLibStream(new MemoryStream(_file, only.Start.Value, only.End.Value - only.Start.Value), CompressionMode.Decompress);
        var packed = new MemoryStream(_file.Length);
        foreach (var part in _data)
            packed.Write(_file.AsSpan(part));
        packed.Position = 0;
        return new ZLibStream(packed, CompressionMode.Decompress);
    }

    private static void Inflate(ZLibStream pixels, Span<byte> lines)
    {
        var there = pixels.ReadAtLeast(lines, lines.Length, throwOnEndOfStream: false);
        if (there < lines.Length)
            throw new ImageFormatException($"truncated PNG: it has {there:#,0} of {lines.Length:#,0} bytes of pixels");
    }

    // ImageSharp leaves rows that are missing black.
    private void RequireAllPixels()
    {
        var needed = (_interlaced ? Passes : [(0, 0, 1, 1)]).Sum(PassBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 14);
        try
        {
            using var pixels = Inflater();
            for (var left = needed; left > 0; left -= Math.Min(left, buffer.Length))
                Inflate(pixels, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException($"damaged PNG: {e.Message.TrimEnd('.')}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private long PassBytes((int X, int Y, int Across, int Down) pass)
    {
        long columns = (Size.Width - pass.X + pass.Across - 1) / pass.Across;
        long rows = (Size.Height - pass.Y + pass.Down - 1) / pass.Down;
        var bits = columns * _bitDepth * (_colourType == Palette ? 1 : Channels);
        return columns <= 0 || rows <= 0 ? 0 : rows * (1 + ((bits + 7) / 8));
    }

    private RgbImage ToPlanes(ReadOnlySpan<byte> lines, RgbColor background)
    {
        var (channels, width) = (Channels, Size.Width);
        var image = new RgbImage(width, Size.Height, GC.AllocateUninitializedArray<byte>(Size.ImageBytes));
        for (var y = 0; y < Size.Height; y++)
        {
            var line = lines.Slice((y * (1 + (width * channels))) + 1, width * channels);
            if (channels == 3)
            {
                image.Row(y).Set(line);
                continue;
            }

            var (red, green, blue) = image.Row(y);
            // Grey is all three.
            var (atGreen, atBlue) = channels >= 3 ? (1, 2) : (0, 0);
            for (var (x, at) = (0, 0); x < red.Length; x++, at += channels)
                (red[x], green[x], blue[x]) = (line[at], line[at + atGreen], line[at + atBlue]);
            if (channels is 2 or 4)
                Lay(line, channels, background, red, green, blue);
        }

        return image;
    }

    // Lays pixels that are not opaque on the background, rounded down.
    private static void Lay(ReadOnlySpan<byte> line, int channels, RgbColor under, Span<byte> red, Span<byte> green, Span<byte> blue)
    {
        for (var (x, at) = (0, channels - 1); x < red.Length; x++, at += channels)
        {
            var alpha = line[at];
            if (alpha == 255)
                continue;
            var colour = new RgbColor(red[x], green[x], blue[x]).Over(under, alpha);
            (red[x], green[x], blue[x]) = (colour.Red, colour.Green, colour.Blue);
        }
    }
}

/// <summary>Takes back what PNG's filters did to the lines of a picture (PNG specification, section 9).</summary>
internal static class PngFilters
{
    /// <summary>Restores all lines in place.</summary>
    /// <param name="lines">Lines, each behind the number of its filter.</param>
    /// <param name="stride">Bytes of a line, without that number.</param>
    /// <param name="step">Bytes of a pixel.</param>
    /// <exception cref="InvalidDataException">A filter has a number that there is not.</exception>
    public static void Undo(Span<byte> lines, int stride, int step)
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
                default: throw new InvalidDataException($"a line has the filter {lines[0]}; filters are 0 to 4");
            }

            above = line;
        }
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
