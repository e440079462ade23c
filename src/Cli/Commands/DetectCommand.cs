using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Storage;
using Atelier.Training.Analysis;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Numerics;
using Atelier.Worker.Runs;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier detect</c>: how well projection tells generated images from real ones.</summary>
internal static class DetectCommand
{
    public static Command Create()
    {
        var network = PictureOptions.Network();
        var data = new Option<string>("--data") { Description = "the real images: a folder or a zip file", Required = true };
        var output = new Option<string>("--out") { Description = "folder for projections, histogram and values; the same command goes on there", Required = true };
        var images = new Option<int>("--images") { Description = "images of either kind", DefaultValueFactory = _ => 50 };
        var psi = PictureOptions.Truncation();
        var resize = new Option<string?>("--resize") { Description = "fit to crop and resize the real images to the network's size (default: as the run does)" };
        resize.AcceptOnlyFromAmong("none", "fit");
        var settings = new ProjectionSettings();
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command("detect", "Tell generated images from real ones by their projections: histograms and AUC") { network, data, output, images, psi, resize };
        settings.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            new Request(parsed.GetValue(network)!, parsed.GetValue(data)!, parsed.GetValue(output)!, parsed.GetValue(images), parsed.GetValue(psi), parsed.GetValue(resize), parsed.GetValue(json)),
            settings.Get(parsed), settings.Batch(parsed), () => settings.OpenNet(parsed)));
        return command;
    }

    private static int Run(Request request, ProjectionOptions options, int batch, Func<OpenPerceptualNet> openNet)
    {
        options.Validate();
        if (request.Images < 1)
            throw new UserErrorException($"--images {request.Images}: at least one is needed");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var stop = new Interruption();
        using var scope = NewDisposeScope();
        using var net = openNet();
        using var loaded = NetworkSource.OpenGenerator(request.Network, net.Device);
        var spec = NetworkSource.RunFolderOf(request.Network) is { } run ? RunRecord.TryLoad(run)?.Spec : null;
        using var dataset = ImageDataset.Open(ImageSource.Open(request.Data), NetworkDataset.OptionsFor(request.Resize, spec, loaded.Network.Config));
        if (dataset.Count < request.Images)
            throw new UserErrorException($"{request.Data} has {dataset.Count} images, and --images {request.Images} of either kind were asked for");
        var (generated, real) = (Generated(request, loaded, dataset, options.Seed), Real(request, loaded, dataset, options.Seed));
        using var display = new ProjectionDisplay();
        var job = new ProjectionJob(loaded, net.Net, options, Path.Combine(request.Output, "projections")) { AtOnce = batch };
        try
        {
            var results = job.Run([.. generated, .. real], display, stop.Token);
            display.Dispose();
            Report(request, net.Net, new Detection([.. results.Take(generated.Count).Select(result => result.Distance)], [.. results.Skip(generated.Count).Select(result => result.Distance)]));
            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine("atelier: stopped; the same command goes on from there");
            return ExitCode.Interrupted;
        }
    }

    // Labels of a conditional network are those of the real images, so that both kinds have the same.
    private static List<ProjectionTarget> Real(Request request, LoadedGenerator loaded, ImageDataset dataset, ulong seed) => [.. Chosen(request, dataset, seed).Select(index =>
    {
        var planes = new byte[dataset.ImageBytes];
        dataset.CopyPixels(index, mirror: false, planes);
        return new ProjectionTarget(Invariant($"real{index:000000}"), new RgbImage(dataset.Resolution.Width, dataset.Resolution.Height, planes), ClassOf(loaded, dataset, index));
    })];

    private static List<ProjectionTarget> Generated(Request request, LoadedGenerator loaded, ImageDataset dataset, ulong seed)
    {
        using var scope = NewDisposeScope();
        var pictures = new NetworkPictures(loaded.Network);
        return [.. Chosen(request, dataset, seed).Select((index, i) =>
        {
            uint[] own = [(uint)i];
            int? label = ClassOf(loaded, dataset, index);
            return new ProjectionTarget(Invariant($"generated{i:000000}"), pictures.Draw(pictures.Styles(pictures.Latents(own), label, request.Psi), PictureNoise.Random, own).Single(), label);
        })];
    }

    private static IEnumerable<int> Chosen(Request request, ImageDataset dataset, ulong seed)
    {
        var order = new DataOrder(seed, 0, dataset.Count);
        return Enumerable.Range(0, request.Images).Select(i => (int)order.ImageAt(i));
    }

    private static int? ClassOf(LoadedGenerator loaded, ImageDataset dataset, int index)
    {
        if (loaded.Network.Config.LabelSize == 0)
            return null;
        if (dataset.LabelDim != loaded.Network.Config.LabelSize)
            throw new UserErrorException($"{dataset.Name} has labels of {dataset.LabelDim} classes, and the network was trained on {loaded.Network.Config.LabelSize}");
        var label = new float[dataset.LabelDim];
        dataset.CopyLabel(index, label);
        return Array.IndexOf(label, label.Max());
    }

    private static void Report(Request request, IPerceptualNet net, Detection detection)
    {
        var values = new JsonObject
        {
            ["auc"] = detection.AreaUnderCurve,
            ["threshold"] = detection.BestThreshold,
            ["perceptual_net"] = net.Name,
            ["generated"] = new JsonArray([.. detection.Generated.Select(distance => (JsonNode)distance)]),
            ["real"] = new JsonArray([.. detection.Real.Select(distance => (JsonNode)distance)]),
        };
        var (file, figure) = (Path.Combine(request.Output, "detection.json"), Path.Combine(request.Output, "detection.png"));
        AtomicFile.WriteAllText(file, values.ToJsonString() + "\n");
        AtomicFile.WriteAllBytes(figure, detection.ToPng(net.Name));
        if (request.Json)
        {
            Console.WriteLine(values.ToJsonString());
            return;
        }
        Console.WriteLine(Invariant($"AUC {detection.AreaUnderCurve:0.000}; generated images are {detection.Generated.Average():0.0000} from their projections, real ones {detection.Real.Average():0.0000} (means)"));
        Console.WriteLine($"distances: {net.Name}");
        Console.WriteLine(figure);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Request(string Network, string Data, string Output, int Images, double Psi, string? Resize, bool Json);
}
