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
        var output = new Option<string>("--out") { Description = "folder for projections, histogram and values; the same command continues there", Required = true };
        var images = new Option<int>("--images") { Description = "number of images of each kind", DefaultValueFactory = _ => 50 };
        var psi = PictureOptions.Truncation();
        var resize = new Option<string?>("--resize") { Description = "fit: crop and resize the real images to the network's size (default: as in the run)" };
        resize.AcceptOnlyFromAmong("none", "fit");
        var settings = new ProjectionSettings();
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("detect", "Test how well projection tells generated images from real ones: histograms and AUC") { network, data, output, images, psi, resize };
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
            throw new UserErrorException($"--images {request.Images}: must be at least 1");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var stop = new Interruption();
        using var scope = NewDisposeScope();
        using var net = openNet();
        using var loaded = NetworkSource.OpenGenerator(request.Network, net.Device);
        var spec = NetworkSource.RunFolderOf(request.Network) is { } run ? RunRecord.TryLoad(run)?.Spec : null;
        using var dataset = ImageDataset.Open(ImageSource.Open(request.Data), NetworkDataset.OptionsFor(request.Resize, spec, loaded.Network.Config));
        if (dataset.Count < request.Images)
            throw new UserErrorException($"{request.Data} has only {dataset.Count} images, but --images {request.Images} asks for more; use a smaller --images");
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
            Console.Error.WriteLine("atelier: stopped; run the same command again to continue");
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
            throw new UserErrorException($"{dataset.Name} has labels with {dataset.LabelDim} classes, but the network was trained on {loaded.Network.Config.LabelSize}");
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
        Console.WriteLine(Invariant($"AUC {detection.AreaUnderCurve:0.000}; mean distance to the projection: generated images {detection.Generated.Average():0.0000}, real images {detection.Real.Average():0.0000}"));
        Console.WriteLine($"distances: {net.Name}");
        Console.WriteLine(figure);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Request(string Network, string Data, string Output, int Images, double Psi, string? Resize, bool Json);
}
