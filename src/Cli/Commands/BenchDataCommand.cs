using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench data</c>: how many images a second one thread decodes.</summary>
internal static class BenchDataCommand
{
    private const int MostPixels = 8192;
    private const int MostThreads = 1024;

    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "a folder or zip file of images (default: the emoji faces)" };
        var size = new Option<int>("--res") { Description = "size of the images", DefaultValueFactory = _ => 64 };
        var threads = new Option<int>("--threads") { Description = "threads side by side", DefaultValueFactory = _ => 1 };
        var seconds = new Option<double>("--seconds") { Description = "how long, per format", DefaultValueFactory = _ => 3 };
        var json = new Option<bool>("--json") { Description = "print one JSON object a format" };
        var command = new Command("data", "Time image decoding") { data, size, threads, seconds, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(data), parsed.GetValue(size), parsed.GetValue(threads), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string? data, int side, int threads, TimeSpan duration, bool json)
    {
        if (side is < 1 or > MostPixels)
            throw new UserErrorException($"--res {side}: a number of pixels from 1 to {MostPixels} is needed");
        if (threads is < 1 or > MostThreads)
            throw new UserErrorException($"--threads {threads}: a number from 1 to {MostThreads} is needed");
        if (duration < TimeSpan.Zero)
            throw new UserErrorException("--seconds: a number from 0 up is needed");
        var size = ImageSize.Square(side);
        using var source = data is null ? EmojiFaces.Open(size) : ImageSource.Open(data);
        foreach (var rate in DataBenchmark.Run(source, threads, duration, size))
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
                : string.Create(CultureInfo.InvariantCulture, $"{rate.Format,-5} {rate.Size}: {rate.ImagesPerSecondPerThread:0} images/s per thread ({rate.MeanFileBytes:0} bytes a file)"));
        }
        return ExitCode.Success;
    }
}
