using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Bench;

/// <summary><c>data</c>: images decoded per second and thread.</summary>
internal static class DecodingCommand
{
    private const int MostPixels = 8192;
    private const int MostThreads = 1024;

    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "a folder or zip file of images (default: the emoji faces)" };
        var size = new Option<int>("--res") { Description = "size of the images", DefaultValueFactory = _ => 64 };
        var threads = new Option<int>("--threads") { Description = "threads that decode at once", DefaultValueFactory = _ => 1 };
        var seconds = new Option<double>("--seconds") { Description = "how long, per format", DefaultValueFactory = _ => 3 };
        var json = new Option<bool>("--json") { Description = "print one JSON object per format" };
        var command = new Command("data", "Time image decoding") { data, size, threads, seconds, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(data), parsed.GetValue(size), parsed.GetValue(threads), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string? data, int side, int threads, TimeSpan duration, bool json)
    {
        if (side is < 1 or > MostPixels)
            throw new UserErrorException($"--res {side}: must be from 1 to {MostPixels} pixels");
        if (threads is < 1 or > MostThreads)
            throw new UserErrorException($"--threads {threads}: must be from 1 to {MostThreads}");
        if (duration < TimeSpan.Zero)
            throw new UserErrorException("--seconds: a number from 0 up is needed");
        var size = ImageSize.Square(side);
        using var source = data is null ? EmojiFaces.Open(size) : ImageSource.Open(data);
        foreach (var rate in DecodingBenchmark.Run(source, threads, duration, size))
        {
            Console.WriteLine(json
                ? new JsonObject
                {
                    ["format"] = rate.Format.ToString().ToLowerInvariant(),
                    ["size"] = rate.Size.ToString(),
                    ["threads"] = rate.Threads,
                    ["images_per_s_per_thread"] = Math.Round(rate.ImagesPerSecondPerThread, 1),
                    ["mean_file_bytes"] = Math.Round(rate.MeanFileBytes, 1),
                }.ToJsonString()
                : string.Create(CultureInfo.InvariantCulture, $"{rate.Format,-5} {rate.Size}: {rate.ImagesPerSecondPerThread:0} images/s per thread ({rate.MeanFileBytes:0} bytes per file)"));
        }
        return ExitCode.Success;
    }
}

/// <summary>Measures decoding, the only part of reading that costs: images from memory to planes, PNG and JPEG.</summary>
internal static class DecodingBenchmark
{
    /// <summary>Decodes images of a source, encoded anew in each format, for a while.</summary>
    /// <param name="source">Where the images come from; at most 256 are used.</param>
    /// <param name="threads">Threads that decode at once.</param>
    /// <param name="duration">How long, per format.</param>
    /// <param name="size">Crop and resize to this size before encoding; null keeps the size of each.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="DatasetException">The source is empty.</exception>
    /// <exception cref="ImageFormatException">An image cannot be read.</exception>
    public static IReadOnlyList<DecodingRate> Run(
        ImageSource source, int threads, TimeSpan duration, ImageSize? size = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        var images = Enumerable.Range(0, Math.Min(256, source.ImageNames.Count))
            .Select(i => ImageCodec.Decode(source.Read(i), RgbColor.White, size))
            .ToArray();
        if (images.Length == 0)
            throw new DatasetException(DatasetProblem.Empty, $"{source.Name} holds no images to measure with.");
        return [.. new[] { ImageFormat.Png, ImageFormat.Jpeg }.Select(format => Measure(format, images, threads, duration, time ?? TimeProvider.System))];
    }

    private static DecodingRate Measure(ImageFormat format, RgbImage[] images, int threads, TimeSpan duration, TimeProvider time)
    {
        var encoded = Array.ConvertAll(images, i => ImageCodec.Encode(i, format));
        // Once without the clock: the first calls load libraries and compile.
        DecodeAll(encoded);
        long decoded = 0;
        var start = time.GetTimestamp();
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            do
            {
                DecodeAll(encoded);
                Interlocked.Add(ref decoded, encoded.Length);
            }
            while (time.GetElapsedTime(start) < duration);
        })).ToArray();
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        return new DecodingRate(format, images[0].Size, threads, decoded, encoded.Average(e => e.Length), time.GetElapsedTime(start));
    }

    private static void DecodeAll(byte[][] encoded)
    {
        foreach (var image in encoded)
            ImageCodec.Decode(image, RgbColor.White);
    }
}

/// <summary>A result of <see cref="DecodingBenchmark"/>: how fast one format decodes.</summary>
/// <param name="Format">The file format.</param>
/// <param name="Size">The size of the images.</param>
/// <param name="Threads">Threads that decoded side by side.</param>
/// <param name="Images">Images decoded in all.</param>
/// <param name="MeanFileBytes">Encoded bytes per image.</param>
/// <param name="Elapsed">Wall time.</param>
internal sealed record DecodingRate(
    ImageFormat Format, ImageSize Size, int Threads, long Images, double MeanFileBytes, TimeSpan Elapsed)
{
    /// <summary>Decoded images per second of all threads together.</summary>
    public double ImagesPerSecond => Images / Elapsed.TotalSeconds;

    /// <summary>Decoded images per second and thread.</summary>
    public double ImagesPerSecondPerThread => ImagesPerSecond / Threads;
}
