using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Data.Conversion;
using Atelier.Training.Imaging;

namespace Atelier.Bench;

/// <summary><c>dataset</c>: how fast images are packed, against a loop over Pillow on the same machine.</summary>
internal static class DatasetCommand
{
    private const int MostRepetitions = 100;

    public static Command Create()
    {
        var data = new Argument<string>("DATA") { Description = "a zip file of images" };
        var size = new Option<int>("--res") { Description = "output size", DefaultValueFactory = _ => 64 };
        var repetitions = new Option<int>("--repetitions") { Description = "timed conversions of each kind; the median counts", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("dataset", "Time the conversion of a dataset against Pillow") { data, size, repetitions, json };
        command.SetAction(parsed => Run(parsed.GetValue(data)!, parsed.GetValue(size), parsed.GetValue(repetitions), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string data, int side, int repetitions, bool json)
    {
        if (side is < 4 or > 8192 || side % 4 != 0)
            throw new UserErrorException($"--res {side}: must be a multiple of 4, up to 8192");
        if (repetitions is < 1 or > MostRepetitions)
            throw new UserErrorException($"--repetitions {repetitions}: must be from 1 to {MostRepetitions}");
        using var source = ZipImageSource.Open(data);
        var folder = Directory.CreateTempSubdirectory("atelier-bench-").FullName;
        try
        {
            // Once without the clock: the first calls load libraries and compile.
            Convert(source, folder, side, jobs: 2);
            var jobs = new[] { 1, 2 };
            var rates = jobs.ToDictionary(n => n, _ => new List<double>());
            var (peer, version, compares) = (new List<double>(), "", true);
            // In turns, so that whatever else the machine does meets all of them.
            for (var i = 0; i < repetitions; i++)
            {
                foreach (var n in jobs)
                    rates[n].Add(Convert(source, folder, side, n));
                if (!compares)
                    continue;
                var pillow = PythonPeer.Run("pillow_convert.py", "python3-pil", data, Path.Combine(folder, "pillow.zip"), $"{side}", "lanczos");
                compares = pillow is not null;
                if (pillow is { } result)
                {
                    peer.Add(result.GetProperty("images").GetInt32() / result.GetProperty("seconds").GetDouble());
                    version = result.GetProperty("pillow").GetString()!;
                }
            }
            Print(source.ImageNames.Count, side, rates.ToDictionary(r => r.Key, r => Median(r.Value)), peer.Count == 0 ? null : Median(peer), version, json);
            return ExitCode.Success;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Convert(ImageSource source, string folder, int side, int jobs)
    {
        var options = new ConversionOptions { Resolution = ImageSize.Square(side), Crop = CropMode.CenterCrop, Jobs = jobs, Replace = true };
        return DatasetConversion.Run(source, Path.Combine(folder, "atelier.zip"), options).ImagesPerSecond;
    }

    private static void Print(int images, int side, Dictionary<int, double> rates, double? peer, string version, bool json)
    {
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["images"] = images,
                ["res"] = side,
                ["images_per_s"] = new JsonObject(rates.Select(r => KeyValuePair.Create($"jobs_{r.Key}", (JsonNode?)Math.Round(r.Value, 1)))),
                ["pillow_images_per_s"] = peer is { } known ? Math.Round(known, 1) : null,
                ["pillow"] = peer is null ? null : version,
                ["ratio"] = peer is { } other ? new JsonObject(rates.Select(r => KeyValuePair.Create($"jobs_{r.Key}", (JsonNode?)Math.Round(r.Value / other, 3)))) : null,
            }.ToJsonString());
            return;
        }
        foreach (var (jobs, rate) in rates)
        {
            var ratio = peer is { } other ? string.Create(CultureInfo.InvariantCulture, $", {rate / other:0.00} x Pillow") : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{images:#,0} images to {side}x{side} with {jobs} job(s): {rate:#,0} images/s{ratio}"));
        }
        if (peer is { } loop)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a loop over Pillow {version}: {loop:#,0} images/s"));
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
