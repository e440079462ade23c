using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Analysis;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier project</c>: styles whose pictures look like given images.</summary>
internal static class ProjectCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Description = "image files, in the network's size", Arity = ArgumentArity.ZeroOrMore };
        var seeds = new Option<string?>("--seeds") { Description = "also project the network's own pictures of these seeds" };
        var network = PictureOptions.Network();
        var output = new Option<string>("--out") { Description = "folder for styles and pictures; the same command continues there", Required = true };
        var resize = new Option<string>("--resize") { Description = "fit: crop and resize images to the network's size", DefaultValueFactory = _ => "none" };
        resize.AcceptOnlyFromAmong("none", "fit");
        var label = PictureOptions.Class();
        var settings = new ProjectionSettings();
        var space = new Option<string>("--space") { Description = "w: one style for all layers, as published; w+: one per layer", DefaultValueFactory = _ => "w" };
        space.AcceptOnlyFromAmong("w", "w+");
        var video = new Option<bool>("--video") { Description = "write a video of each image's optimisation" };
        var frames = new Option<int>("--frames") { Description = "number of video frames", DefaultValueFactory = _ => 100 };
        var json = new Option<bool>("--json") { Description = "print a JSON line per image" };
        var command = new Command("project", "Find the styles that reproduce given images") { images, seeds, network, output, resize, label, space, video, frames };
        settings.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            new Request(parsed.GetValue(images)!, parsed.GetValue(seeds), parsed.GetValue(network)!, parsed.GetValue(output)!, parsed.GetValue(resize) == "fit", parsed.GetValue(label), parsed.GetValue(json)),
            settings.Get(parsed) with
            {
                Space = parsed.GetValue(space) == "w" ? StyleSpace.W : StyleSpace.WPlus,
                Frames = parsed.GetValue(video) ? Math.Max(parsed.GetValue(frames), 1) : 0,
            },
            settings.Batch(parsed), () => settings.OpenNet(parsed)));
        return command;
    }

    private static int Run(Request request, ProjectionOptions options, int batch, Func<OpenPerceptualNet> openNet)
    {
        options.Validate();
        if (request.Images.Length == 0 && request.Seeds is null)
            throw new UserErrorException("`atelier project` needs IMAGE files or --seeds");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var stop = new Interruption();
        using var scope = NewDisposeScope();
        using var net = openNet();
        using var loaded = NetworkSource.OpenGenerator(request.Network, net.Device);
        var targets = Targets(request, loaded);
        using var display = new ProjectionDisplay();
        var job = new ProjectionJob(loaded, net.Net, options, request.Output) { AtOnce = batch };
        try
        {
            var results = job.Run(targets, display, stop.Token);
            display.Dispose();
            foreach (var result in results)
                Print(result, net.Net, request.Json);
            if (!request.Json)
                Console.WriteLine($"distances: {net.Net.Name}");
            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine("atelier: stopped; run the same command again to continue");
            return ExitCode.Interrupted;
        }
    }

    private static List<ProjectionTarget> Targets(Request request, LoadedGenerator loaded)
    {
        var pictures = new NetworkPictures(loaded.Network);
        var targets = new List<ProjectionTarget>();
        foreach (var path in request.Images)
        {
            byte[] file;
            try
            {
                file = File.ReadAllBytes(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"{path} cannot be read: {(File.Exists(path) ? e.Message : "file not found")}", e);
            }
            try
            {
                if (ImageCodec.ChannelsOf(file) <= 2)
                    Console.Error.WriteLine($"atelier: {path} has one channel; using it as grey for all three");
                targets.Add(new ProjectionTarget(Path.GetFileNameWithoutExtension(path), ImageCodec.Decode(file, RgbColor.White, request.Fit ? pictures.Size : null), request.Label));
            }
            catch (ImageFormatException e)
            {
                throw new UserErrorException($"{path}: {e.Message}", e);
            }
        }
        if (request.Seeds is { } list)
        {
            using var scope = NewDisposeScope();
            var seeds = SeedList.Parse(list);
            targets.AddRange(seeds.Zip(pictures.Draw(pictures.Styles(pictures.Latents(seeds), request.Label), PictureNoise.Random, seeds), (seed, picture) =>
                new ProjectionTarget(string.Create(CultureInfo.InvariantCulture, $"seed{seed:0000}"), picture, request.Label)));
        }
        return targets;
    }

    private static void Print(ProjectedImage result, IPerceptualNet net, bool json) => Console.WriteLine(json
        ? new JsonObject { ["image"] = result.Name, ["file"] = result.File, ["distance"] = result.Distance, ["perceptual_net"] = net.Name }.ToJsonString()
        : string.Create(CultureInfo.InvariantCulture, $"{Path.ChangeExtension(result.File, ".png")}  distance {result.Distance:0.0000}"));

    private sealed record Request(string[] Images, string? Seeds, string Network, string Output, bool Fit, int? Label, bool Json);
}

/// <summary>The options that commands that project have in common.</summary>
internal sealed class ProjectionSettings
{
    private static readonly ProjectionOptions Published = new();

    private readonly Option<int> _steps = new("--steps") { Description = "steps of the optimiser", DefaultValueFactory = _ => Published.Steps };
    private readonly Option<double> _rate = new("--lr") { Description = "learning rate of the optimiser", DefaultValueFactory = _ => Published.LearningRate };
    private readonly Option<double> _noise = new("--noise-weight") { Description = "weight of the noise regularisation", DefaultValueFactory = _ => Published.NoiseWeight };
    private readonly Option<ulong> _seed = new("--seed") { Description = "random seed" };
    private readonly Option<int> _batch = new("--batch") { Description = "images to project in parallel", DefaultValueFactory = _ => 4 };
    private readonly Option<string> _net = new("--perceptual") { Description = "vgg16: LPIPS; built-in: a random net that needs no file; auto: vgg16 if its file exists", DefaultValueFactory = _ => "auto" };
    private readonly Option<string[]> _detectors = new("--detectors") { Description = "folder with vgg16.pt, or the file itself (default: your cache)", DefaultValueFactory = _ => [] };
    private readonly Option<string> _device = DeviceOption.Create();

    public ProjectionSettings() => _net.AcceptOnlyFromAmong("auto", "vgg16", "built-in");

    public void AddTo(Command command)
    {
        foreach (var option in (ReadOnlySpan<Option>)[_steps, _rate, _noise, _seed, _batch, _net, _detectors, _device])
            command.Options.Add(option);
    }

    public ProjectionOptions Get(ParseResult parsed) => new()
    {
        Steps = parsed.GetValue(_steps), LearningRate = parsed.GetValue(_rate), NoiseWeight = parsed.GetValue(_noise), Seed = parsed.GetValue(_seed),
    };

    public int Batch(ParseResult parsed)
    {
        int batch = parsed.GetValue(_batch);
        return batch is >= 1 and <= 1024 ? batch : throw new UserErrorException($"--batch {batch}: must be from 1 to 1024");
    }

    public OpenPerceptualNet OpenNet(ParseResult parsed)
    {
        var (named, wanted) = (parsed.GetValue(_detectors)!, parsed.GetValue(_net)!);
        var device = DeviceOption.Find(parsed.GetValue(_device)!);
        bool script = wanted == "vgg16" || named.Length > 0 || (wanted == "auto" && File.Exists(Path.Combine(DetectorFiles.DefaultFolder, PublishedDetector.Vgg16.FileName)));
        if (wanted == "built-in" && named.Length > 0)
            throw new UserErrorException("--perceptual built-in uses no detector file: leave out --detectors or --perceptual");
        if (!script)
        {
            var random = new RandomPerceptualNet(device);
            return new OpenPerceptualNet(random, random, device);
        }
        var detector = new DetectorFiles(named).Load(FeatureNet.Vgg16, "projection with --perceptual vgg16", device);
        return new OpenPerceptualNet(new VggPerceptualNet(detector), detector, device);
    }
}

/// <summary>A perceptual net with what it holds.</summary>
internal sealed record OpenPerceptualNet(IPerceptualNet Net, IDisposable Owned, Device Device) : IDisposable
{
    public void Dispose() => Owned.Dispose();
}
