using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Storage;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier analyze</c>: looks for droplet artifacts inside generators, and at how much each resolution contributes.</summary>
internal static class AnalyzeCommand
{
    public static Command Create()
    {
        var network = new Option<string[]>("--network") { Description = "an export (.safetensors), or a run folder for its newest snapshot; repeat it to compare networks", Required = true };
        var output = new Option<string>("--out") { Description = "folder for results and pictures; the same command continues where it stopped", Required = true };
        var seeds = new Option<string>("--seeds") { Description = "seeds of the samples to analyze, e.g. 0-63", DefaultValueFactory = _ => "0-63" };
        var psi = new Option<double>("--trunc") { Description = "truncation ψ; 1 for none", DefaultValueFactory = _ => 1 };
        var label = new Option<int?>("--class") { Description = "class label, for a conditional network" };
        var noises = new Option<int>("--noises") { Description = "noise draws per sample, to see how far the peaks move; 1 for constant noise only", DefaultValueFactory = _ => 4 };
        var regions = new Option<int>("--regions") { Description = "regions per side of a feature map", DefaultValueFactory = _ => 4 };
        var ablate = new Option<int>("--ablate") { Description = "units to ablate in each layer, those with the most energy at the peaks; 0 for none", DefaultValueFactory = _ => 1 };
        var layers = new Option<string[]>("--layer") { Description = "layer in which to ablate units, e.g. b16.conv0; repeatable (default: all)", DefaultValueFactory = _ => [] };
        var pictures = new Option<int>("--pictures") { Description = "samples to draw in the pictures", DefaultValueFactory = _ => 4 };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var device = DeviceOption.Create();
        var command = new Command("analyze", "Look into generators: droplet artifacts in their features, and how much each resolution contributes") { network, output, seeds, psi, label, noises, regions, ablate, layers, pictures, json, device };
        command.SetAction(parsed => Run(new Request(
            parsed.GetValue(network)!, parsed.GetValue(output)!, SeedList.Parse(parsed.GetValue(seeds)!), parsed.GetValue(psi), parsed.GetValue(label),
            new DropletOptions(parsed.GetValue(noises), parsed.GetValue(regions)), parsed.GetValue(ablate), parsed.GetValue(layers)!, parsed.GetValue(pictures), parsed.GetValue(json), parsed.GetValue(device)!)));
        return command;
    }

    private static int Run(Request request)
    {
        if (request.Droplets is { NoiseDraws: < 1 or > 1000 } or { Regions: < 1 or > 64 } || request.Ablate < 0 || request.Pictures < 1)
            throw new UserErrorException("--noises must be from 1 to 1000, --regions from 1 to 64, --ablate 0 or more, and --pictures 1 or more");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        var device = DeviceOption.Find(request.DeviceName);
        using var stop = new Interruption();
        var loaded = new List<LoadedGenerator>();
        try
        {
            var networks = new List<(string Name, SeededSamples Samples)>();
            foreach (string path in request.Networks)
            {
                loaded.Add(NetworkSource.OpenGenerator(path, device));
                networks.Add((UniqueName(path, networks.Select(network => network.Name)), new SeededSamples(loaded[^1].Network, device, request.Psi, request.Label)));
                foreach (string layer in request.Layers)
                    LayerSelection.Find(loaded[^1].Network, layer);
            }
            foreach (var ((name, samples), index) in networks.Select((network, index) => (network, index)))
                One(request, name, samples, loaded[index], stop.Token);
            var runs = request.Networks.Select(NetworkSource.RunFolderOf).OfType<RunFolder>().DistinctBy(run => Path.GetFullPath(run.Path)).Select(ResolutionHistory.TryRead).OfType<ResolutionHistory>().ToList();
            if (runs.Count > 0)
                AtomicFile.WriteAllBytes(Path.Combine(request.Output, "usage.png"), ResolutionHistory.ToPng(runs));
            if (networks.Count > 1)
                Write(Path.Combine(request.Output, "side-by-side.png"), MagnitudePictures.SideBySide(networks, [.. request.Seeds.Take(request.Pictures)]));
            return ExitCode.Success;
        }
        finally
        {
            loaded.ForEach(network => network.Dispose());
        }
    }

    private static void One(Request request, string name, SeededSamples samples, LoadedGenerator loaded, CancellationToken stop)
    {
        string folder = request.Networks.Length == 1 ? request.Output : Path.Combine(request.Output, name);
        string basis = string.Create(CultureInfo.InvariantCulture, $"{loaded.Digest} trunc {request.Psi} class {request.Label} {request.Droplets}");
        var analysis = new DropletAnalysis(samples, request.Droplets);
        using var found = new ResultLedger<SeedDroplets>(Path.Combine(folder, "droplets.jsonl"), basis);
        ResumableWork.Run($"{name}: samples", request.Seeds, seed => found.Results.Any(one => one.Seed == seed), seed => found.Add(analysis.Analyse(seed)), stop);
        var summary = DropletSummary.Of([.. found.Results.Where(one => request.Seeds.Contains(one.Seed))]);

        var ablation = new UnitAblation(samples, [.. request.Seeds.Take(16)]);
        var layers = request.Layers.Count == 0 ? samples.Generator.Layers : [.. request.Layers.Select(layer => LayerSelection.Find(samples.Generator, layer))];
        var units = request.Ablate == 0 ? [] : layers.SelectMany(layer => ablation.LoudestAtPeak(layer, request.Ablate).Select(unit => (Layer: layer, Unit: unit))).ToList();
        using var ablated = new ResultLedger<AblationResult>(Path.Combine(folder, "ablation.jsonl"), $"{basis} seeds {string.Join(',', request.Seeds.Take(16))}");
        var ablations = units.SelectMany(unit => new[] { (unit.Layer, unit.Unit, AllBut: false), (unit.Layer, unit.Unit, AllBut: true) }).ToList();
        bool IsKnown((SynthesisLayerName Layer, int Unit, bool AllBut) one, AblationResult result) => (result.Layer, result.Unit, result.AllBut) == (one.Layer.Name, one.Unit, one.AllBut);
        ResumableWork.Run($"{name}: ablations", ablations, one => ablated.Results.Any(result => IsKnown(one, result)), one => ablated.Add(ablation.Measure(one.Layer, one.Unit, one.AllBut)), stop);

        uint[] shown = [.. request.Seeds.Take(request.Pictures)];
        Write(Path.Combine(folder, "magnitudes.png"), MagnitudePictures.Maps(samples, shown, samples.Generator.Layers));
        if (units.Count > 0)
            Write(Path.Combine(folder, "ablation.png"), MagnitudePictures.Ablations(samples, shown[0], units));
        Print(request, name, summary, ResolutionUsage.Measure(loaded), [.. ablations.Select(one => ablated.Results.First(result => IsKnown(one, result)))]);
    }

    private static void Print(Request request, string name, DropletSummary summary, IReadOnlyList<(int Resolution, double Share)> usage, IReadOnlyList<AblationResult> ablations)
    {
        if (request.Json)
        {
            var shares = usage.ToDictionary(of => of.Resolution.ToString(CultureInfo.InvariantCulture), of => of.Share);
            Console.WriteLine(JsonSerializer.Serialize(new { network = name, droplet = summary.Score, layers = summary.Layers, ablations, usage = shares }, JsonSerializerOptions.Web));
            return;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: droplet {summary.Score:0.###} over {request.Seeds.Count:#,0} samples"));
        PrintTable(
            ["layer", ">peak/median", ">spread under noise", "strongest region"],
            [.. summary.Layers.Select(layer => new[] { layer.Layer, Text(layer.PeakToMedian), Text(layer.NoiseSpread), Region(layer) })]);
        if (usage.Count > 0)
            Console.WriteLine($"resolution usage: {string.Join(", ", usage.Select(of => string.Create(CultureInfo.InvariantCulture, $"{of.Resolution} {of.Share:0.0%}")))}");
        if (ablations.Count > 0)
        {
            PrintTable(
                ["layer", "ablated", ">droplet after", ">image change"],
                [.. ablations.Select(one => new[] { one.Layer, one.AllBut ? $"all but {one.Unit}" : $"{one.Unit}", Text(one.ScoreAfter), Text(one.ImageChange) })]);
        }
    }

    private static void PrintTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        foreach (string line in TextTable.Lines(columns, rows))
            Console.WriteLine(line);
    }

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Region(LayerDroplets layer)
    {
        int side = (int)Math.Sqrt(layer.Regions.Count), strongest = layer.Regions.ToList().IndexOf(layer.Regions.Max());
        return string.Create(CultureInfo.InvariantCulture, $"row {(strongest / side) + 1}, column {(strongest % side) + 1} of {side}: {layer.Regions[strongest]:0.###}");
    }

    private static void Write(string path, RgbImage image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllBytes(path, ImageCodec.EncodePng(image));
    }

    /// <summary>A run's name, or a file's; with a number behind it where another network has it.</summary>
    private static string UniqueName(string path, IEnumerable<string> taken)
    {
        string name = NetworkSource.RunFolderOf(path) is { } run && Directory.Exists(path) ? Path.GetFileName(Path.GetFullPath(run.Path)) : Path.GetFileNameWithoutExtension(path);
        return Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? name : $"{name}-{number}").First(candidate => !taken.Contains(candidate));
    }

    private sealed record Request(
        string[] Networks, string Output, IReadOnlyList<uint> Seeds, double Psi, int? Label, DropletOptions Droplets, int Ablate, IReadOnlyList<string> Layers, int Pictures, bool Json, string DeviceName);
}
