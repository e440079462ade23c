using System.Runtime.InteropServices;
using Atelier.Core;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Advanced;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace Atelier.Training.Imaging;

/// <summary>The file formats that are written.</summary>
public enum ImageFormat
{
    /// <summary>PNG, lossless.</summary>
    Png,

    /// <summary>JPEG (JFIF, baseline).</summary>
    Jpeg,

    /// <summary>WebP, lossy, one picture.</summary>
    WebP,
}

/// <summary>An image that cannot be read (or drawn): the message is the one-line reason, without the image's name.</summary>
public sealed class ImageFormatException : UserErrorException
{
    /// <summary>Creates an error without a reason.</summary>
    public ImageFormatException()
    {
    }

    /// <summary>Creates an error with its reason.</summary>
    public ImageFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an error with its reason and cause.</summary>
    public ImageFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Images in memory to pixels and back, through ImageSharp. Safe from any number of threads; a call uses one core.</summary>
public static class ImageCodec
{
    /// <summary>What <see cref="Decode"/> reads, for messages.</summary>
    public const string Formats = "PNG, JPEG, WebP, BMP, TIFF or GIF";

    /// <summary>The most pixels that an image may have where nothing else is asked for: 64 million.</summary>
    public const long DefaultMostPixels = 64_000_000;

    /// <summary>The most that can be asked for: pixels of one image are one array.</summary>
    public const long LargestMostPixels = 500_000_000;

    // Of its own, so that nothing else changes it; images are decoded side by side, one core each.
    private static readonly Configuration Sharp = new() { MaxDegreeOfParallelism = 1 };

    // The sizes of a run's images are one; replaced as a whole, so a race costs time only.
    private static Resampler? lastFit;

    /// <summary>
    /// Decodes an image, its format told by its content: the first frame of an animation, EXIF orientation applied; grey,
    /// palettes, 16 bits and CMYK brought to 8-bit RGB; transparency laid on a background. Colour profiles are not applied.
    /// </summary>
    /// <param name="encoded">The file's bytes.</param>
    /// <param name="background">The colour under transparent pixels.</param>
    /// <param name="fit">Crop at the centre to this aspect and resize (Lanczos) to this size; null keeps the size.</param>
    /// <param name="mostPixels">The most pixels (width × height) that its header may state, up to <see cref="LargestMostPixels"/>.</param>
    /// <exception cref="ImageFormatException">The bytes are not one whole image of these formats, or too large a one.</exception>
    public static RgbImage Decode(byte[] encoded, RgbColor background, ImageSize? fit = null, long mostPixels = DefaultMostPixels)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mostPixels, LargestMostPixels);
        var image = Guarded(encoded, (file, format) => DecodeWhole(file, format, background, mostPixels));
        if (fit is not { } size || size == image.Size)
            return image;
        var resampler = lastFit;
        if (resampler?.Target != size)
            lastFit = resampler = new Resampler(size, ResampleFilter.Lanczos);
        return resampler.Resize(image, ImageBox.Centred(image.Size, size));
    }

    /// <summary>How many channels a file stores: 1 grey, 2 grey and alpha, 3 RGB or a palette, 4 with alpha, or CMYK.</summary>
    /// <param name="encoded">The bytes of a file that <see cref="Decode"/> takes.</param>
    /// <exception cref="ImageFormatException">They are not an image.</exception>
    public static int ChannelsOf(byte[] encoded)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        return Guarded(encoded, (file, format) => format switch
        {
            EncodedFormat.Png => PngReader.Open(file).Channels,
            EncodedFormat.Gif => 3,
            EncodedFormat.WebP => EncodedFile.IsTransparentWebP(file) ? 4 : 3,
            _ => (format, Identify(file, format).PixelType.BitsPerPixel) switch
            {
                (EncodedFormat.Bmp, < 24) => 3,
                (_, 32 or 64) => 4,
                (_, >= 24) => 3,
                _ => 1,
            },
        });
    }

    /// <summary>Encodes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="format">The file format.</param>
    /// <param name="quality">1 to 100, for JPEG and WebP.</param>
    public static byte[] Encode(RgbImage image, ImageFormat format, int quality = 90)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        return Encode(image, format switch
        {
            ImageFormat.Png => Png(PngCompressionLevel.DefaultCompression, PngFilterMethod.None),
            ImageFormat.Jpeg => new JpegEncoder { Quality = quality, ColorType = JpegColorType.YCbCrRatio420 },
            ImageFormat.WebP => new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = quality },
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "is not written"),
        });
    }

    /// <summary>Encodes an image as PNG.</summary>
    public static byte[] EncodePng(RgbImage image) => Encode(image, ImageFormat.Png);

    /// <summary>Encodes an image as PNG without compression, as the published datasets hold them: quick to write and to read.</summary>
    /// <param name="planes">uint8 [C, height, width], C = 3 for RGB, 1 for grey.</param>
    /// <param name="size">Width and height.</param>
    public static byte[] EncodeStoredPng(ReadOnlySpan<byte> planes, ImageSize size)
    {
        var encoder = Png(PngCompressionLevel.NoCompression, PngFilterMethod.None);
        if (planes.Length != size.Width * size.Height)
            return Encode(new RgbImage(size.Width, size.Height, planes.ToArray()), encoder);
        encoder.ColorType = PngColorType.Grayscale;
        using var grey = Image.LoadPixelData<L8>(Sharp, planes, size.Width, size.Height);
        using var file = new MemoryStream();
        grey.Save(file, encoder);
        return file.ToArray();
    }

    private static PngEncoder Png(PngCompressionLevel level, PngFilterMethod filter) => new()
    {
        ColorType = PngColorType.Rgb, BitDepth = PngBitDepth.Bit8, CompressionLevel = level, FilterMethod = filter,
        ChunkFilter = PngChunkFilter.ExcludeAll, IgnoreMetadata = true,
    };

    private static byte[] Encode(RgbImage image, IImageEncoder encoder)
    {
        using var pixels = ToSharp(image);
        using var file = new MemoryStream();
        pixels.Save(file, encoder);
        return file.ToArray();
    }

    // Whatever a decoder throws at a strange file is the file's fault, and said in one line.
    private static T Guarded<T>(byte[] encoded, Func<byte[], EncodedFormat, T> read)
    {
        var format = EncodedFile.FormatOf(encoded) ?? throw new ImageFormatException(encoded.Length == 0 ? "the file is empty" : $"not a {Formats} file");
        try
        {
            return read(encoded, format);
        }
        catch (Exception e) when (e is not (ImageFormatException or OutOfMemoryException))
        {
            var reason = e.Message.Split('\n')[0].Trim().TrimEnd('.');
            throw new ImageFormatException($"damaged or unsupported {format.Name()}: {reason}", e);
        }
    }

    private static RgbImage DecodeWhole(byte[] file, EncodedFormat format, RgbColor background, long mostPixels)
    {
        if (format == EncodedFormat.Png)
        {
            var png = PngReader.Open(file);
            RequireWithin(png.Size, mostPixels);
            return png.TryDecode(background) ?? (png.HasAlpha
                ? Planes(Load<Rgba32>(file, format, png.Exif), background)
                : Planes(Load<Rgb24>(file, format, png.Exif)));
        }

        var header = Identify(file, format);
        RequireWithin(new ImageSize(header.Width, header.Height), mostPixels);
        EncodedFile.RequireWhole(file, format);
        // No JPEG is transparent.
        return format == EncodedFormat.Jpeg || (format == EncodedFormat.WebP && !EncodedFile.IsTransparentWebP(file))
            ? Planes(Load<Rgb24>(file, format, null))
            : Planes(Load<Rgba32>(file, format, null), background);
    }

    private static void RequireWithin(ImageSize size, long mostPixels)
    {
        if ((long)size.Width * size.Height > mostPixels)
        {
            throw new ImageFormatException(
                $"{size} pixels are {(long)size.Width * size.Height / 1e6:#,0.######} megapixels, but the limit is {mostPixels / 1e6:#,0.######} (raise max-megapixels to allow more)");
        }
    }

    private static IImageInfo Identify(byte[] file, EncodedFormat format)
    {
        using var stream = new MemoryStream(file);
        return ((IImageInfoDetector)Decoder(format)).Identify(Sharp, stream, CancellationToken.None);
    }

    // Upright, as the camera was held.
    private static Image<TPixel> Load<TPixel>(byte[] file, EncodedFormat format, byte[]? exif)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        using var stream = new MemoryStream(file);
        var image = Decoder(format).Decode<TPixel>(Sharp, stream, CancellationToken.None);
        try
        {
            if (exif is not null)
                image.Metadata.ExifProfile = new ExifProfile(exif);
            image.Metadata.ExifProfile ??= image.Frames.RootFrame.Metadata.ExifProfile;
            if (image.Metadata.ExifProfile is not null)
                image.Mutate(turn => turn.AutoOrient());
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static IImageDecoder Decoder(EncodedFormat format) => format switch
    {
        // A PNG's texts may inflate to any length, and its orientation is known by other means.
        EncodedFormat.Png => new PngDecoder { IgnoreMetadata = true },
        EncodedFormat.Jpeg => new JpegDecoder(),
        EncodedFormat.WebP => new WebpDecoder(),
        EncodedFormat.Bmp => new BmpDecoder(),
        EncodedFormat.Tiff => new TiffDecoder { DecodingMode = SixLabors.ImageSharp.Metadata.FrameDecodingMode.First },
        EncodedFormat.Gif => new GifDecoder { DecodingMode = SixLabors.ImageSharp.Metadata.FrameDecodingMode.First },
        _ => throw new InvalidOperationException($"unknown format {format}"),
    };

    private static RgbImage Planes(Image<Rgb24> image)
    {
        using (image)
        {
            var result = new RgbImage(image.Width, image.Height, GC.AllocateUninitializedArray<byte>(new ImageSize(image.Width, image.Height).ImageBytes));
            image.ProcessPixelRows(rows =>
            {
                for (var y = 0; y < rows.Height; y++)
                    result.Row(y).Set(MemoryMarshal.AsBytes(rows.GetRowSpan(y)));
            });
            return result;
        }
    }

    private static RgbImage Planes(Image<Rgba32> image, RgbColor background)
    {
        using (image)
        {
            var result = new RgbImage(image.Width, image.Height, GC.AllocateUninitializedArray<byte>(new ImageSize(image.Width, image.Height).ImageBytes));
            image.ProcessPixelRows(rows =>
            {
                for (var y = 0; y < rows.Height; y++)
                {
                    var (red, green, blue) = result.Row(y);
                    var pixels = rows.GetRowSpan(y);
                    for (var x = 0; x < red.Length; x++)
                    {
                        var pixel = pixels[x];
                        var colour = new RgbColor(pixel.R, pixel.G, pixel.B);
                        if (pixel.A != 255)
                            colour = colour.Over(background, pixel.A);
                        (red[x], green[x], blue[x]) = (colour.Red, colour.Green, colour.Blue);
                    }
                }
            });
            return result;
        }
    }

    private static Image<Rgb24> ToSharp(RgbImage image)
    {
        var pixels = new Image<Rgb24>(Sharp, image.Width, image.Height);
        pixels.ProcessPixelRows(rows =>
        {
            for (var y = 0; y < rows.Height; y++)
            {
                var (red, green, blue) = image.Row(y);
                var row = rows.GetRowSpan(y);
                for (var x = 0; x < row.Length; x++)
                    row[x] = new Rgb24(red[x], green[x], blue[x]);
            }
        });
        return pixels;
    }
}
