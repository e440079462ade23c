using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier metrics</c>: quality metrics of a network, comparable with published ones.</summary>
internal static class MetricsCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("NAME") { Description = "metrics, e.g. fid50k_full or rfd", Arity = ArgumentArity.OneOrMore };
        var network = new Option<string>("--network") { Description = "an export (.safetensors), a run folder for its newest snapshot, or a snapshot folder", Required = true };
        var data = new Option<string>("--data") { Description = "the network's training images: a folder or a zip file", Required = true };
        var detectors = new Option<string[]>("--detectors") { Description = "folder with detectors, or a detector file; repeatable (default: your cache)", DefaultValueFactory = _ => [] };
        var samples = new Option<int?>("--samples") { Description = "number of generated samples, instead of the metric's own" };
        var seed = new Option<ulong>("--seed") { Description = "seed of the samples" };
        var resize = new Option<string?>("--resize") { Description = "fit: crop and resize the images to the network's size (default: as in the run)" };
        resize.AcceptOnlyFromAmong("none", "fit");
        var mirror = new Option<bool?>("--mirror") { Description = "include mirrored images in metrics that can (default: as in the run)" };
        var cache = new Option<string?>("--cache") { Description = "folder for cached statistics of the images (default: your cache)" };
        var lanes = new Option<int>("--lanes") { Description = "parts to compute in parallel; does not change the values", DefaultValueFactory = _ => Environment.ProcessorCount };
        var correction = CorrectionOption.Create();
        var json = new Option<bool>("--json") { Description = "print a JSON line per metric, as in metric-NAME.jsonl" };
        var device = DeviceOption.Create();
        var command = new Command("metrics", "Measure a network: FID, KID, precision and recall, IS, PPL, or rfd, which needs no detector file") { names, network, data, detectors, samples, seed, resize, mirror, cache, lanes, correction, json, device };
        command.SetAction(parsed => Run(new Request(
            parsed.GetValue(names)!, parsed.GetValue(network)!, parsed.GetValue(data)!, parsed.GetValue(detectors)!, parsed.GetValue(samples), parsed.GetValue(seed), parsed.GetValue(resize),
            parsed.GetValue(mirror), parsed.GetValue(cache) ?? RealStatisticsCache.DefaultFolder, parsed.GetValue(lanes), parsed.GetValue(json), parsed.GetValue(device)!, parsed.GetValue(correction))));
        return command;
    }

    private static int Run(Request request)
    {
        var metrics = request.Names.Select(MetricCatalog.Find).ToList();
        if (request.Lanes is < 1 or > 1024)
            throw new UserErrorException($"--lanes {request.Lanes}: must be from 1 to 1024");
        if (request.Samples < 1)
            throw new UserErrorException($"--samples {request.Samples}: must be at least 1");
        // One thread per range, so that the bits do not depend on lanes or cores.
        NumericsEnvironment.Apply(threads: 1, request.Lanes);
        var device = DeviceOption.Find(request.DeviceName);
        using var loaded = NetworkSource.OpenGenerator(request.Network, device);
        using var correction = CorrectionOption.Apply(request.Correction, loaded, device);
        var run = NetworkSource.RunFolderOf(request.Network);
        var spec = run is null ? null : RunRecord.TryLoad(run)?.Spec;
        using var dataset = ImageDataset.Open(ImageSource.Open(request.Data), NetworkDataset.OptionsFor(request.Resize, spec, loaded.Network.Config));
        using var display = new EvaluationDisplay();
        var detectors = new DetectorFiles(request.Detectors);
        using var evaluation = new MetricEvaluation(
            dataset,
            new EvaluationOptions
            {
                Device = device,
                Detectors = detectors,
                Cache = new RealStatisticsCache(request.Cache, display.Warn),
                Lanes = request.Lanes,
                Seed = request.Seed,
                Samples = request.Samples,
                Mirror = request.Mirror ?? spec?.Mirror ?? false,
            },
            TimeProvider.System);
        // Report what cannot be computed before spending hours on the rest.
        var problems = Problems(evaluation, detectors, metrics);
        if (problems.Count == metrics.Count)
            throw new UserErrorException(string.Join("; ", problems.Values.Distinct()));
        foreach (string problem in problems.Values.Distinct())
            display.Warn($"left out: {problem}");
        foreach (var metric in metrics.Where(metric => !problems.ContainsKey(metric)))
        {
            var report = evaluation.Run(metric, loaded.Network, display, CancellationToken.None);
            display.End();
            foreach (var note in report.Notes)
                display.Warn(note);
            var line = report.ToJson(run is null ? request.Network : Path.GetRelativePath(run.Path, Path.GetFullPath(request.Network)), TimeProvider.System.GetUtcNow()).ToJsonString();
            if (request.Json)
                Console.WriteLine(line);
            else
                foreach (var (name, value) in metric.Results.Zip(report.Values))
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.#####}"));
        }
        return problems.Count == 0 ? ExitCode.Success : throw new UserErrorException($"not computed: {string.Join(", ", problems.Keys.Select(metric => metric.Name))} (see above)");
    }

    /// <summary>Why metrics cannot be computed.</summary>
    private static Dictionary<Metric, string> Problems(MetricEvaluation evaluation, DetectorFiles detectors, List<Metric> metrics)
    {
        var problems = metrics.Distinct().Select(metric => (Metric: metric, Problem: ProblemOf(() => evaluation.Prepare(metric))))
            .Where(found => found.Problem is not null).ToDictionary(found => found.Metric, found => found.Problem!);
        // A missing file is named once, for all that need it.
        foreach (var those in problems.Keys.GroupBy(metric => metric.Net).ToList())
        {
            if (ProblemOf(() => detectors.Require(those.Key, string.Join(", ", those.Select(metric => metric.Name)))) is not { } missing)
                continue;
            foreach (var metric in those)
                problems[metric] = missing;
        }
        return problems;
    }

    private static string? ProblemOf(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (UserErrorException e)
        {
            return e.Message;
        }
    }

    private sealed record Request(
        string[] Names, string Network, string Data, string[] Detectors, int? Samples, ulong Seed, string? Resize, bool? Mirror, string Cache, int Lanes, bool Json, string DeviceName, string? Correction);
}

/// <summary>Images as a network saw them in training.</summary>
internal static class NetworkDataset
{
    /// <summary>How to read images that a network is compared with.</summary>
    /// <param name="resize"><c>fit</c>, <c>none</c>, or null for what the run does.</param>
    /// <param name="spec">The network's run; null where it is not known.</param>
    /// <param name="config">The network.</param>
    public static DatasetOptions OptionsFor(string? resize, RunSpec? spec, GeneratorConfig config)
    {
        var size = new ImageSize(config.Shape.Width, config.Shape.Height);
        bool fit = resize is null ? spec?.Resize == ResizeMode.Fit : resize == "fit";
        return new DatasetOptions
        {
            Resolution = size,
            Resize = fit ? size : null,
            Background = spec is not null && RgbColor.TryParse(spec.Background, out var background) ? background : RgbColor.White,
            Labels = config.LabelSize > 0 ? LabelUse.IfPresent : LabelUse.Ignore,
            BadImages = spec?.BadImages == Core.Specs.BadImagePolicy.Skip ? Training.Data.BadImagePolicy.Skip : Training.Data.BadImagePolicy.Fail,
        };
    }
}
