using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Analysis;
using Atelier.Training.Imaging;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier mix</c>: style mixing.</summary>
internal static class MixCommand
{
    public static Command Create()
    {
        var network = PictureOptions.Network();
        var rows = new Option<string>("--rows") { Description = "seeds of the rows, e.g. 85,100,75", DefaultValueFactory = _ => "0-3" };
        var columns = new Option<string>("--cols") { Description = "seeds of the columns, which supply some of the styles", DefaultValueFactory = _ => "4-7" };
        var styles = new Option<string>("--styles") { Description = "styles taken from the columns, coarse first, e.g. 0-3 (default: the first half)", DefaultValueFactory = _ => "" };
        var psi = PictureOptions.Truncation();
        var label = PictureOptions.Class();
        var correction = CorrectionOption.Create();
        var output = new OutputFile("the picture to write: .png, .jpg or .webp", OutputFile.Pictures);
        var device = DeviceOption.Create();
        var command = new Command("mix", "Mix the styles of pictures: a table of rows and columns") { network, rows, columns, styles, psi, label, correction, device };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = output.Path(parsed);
            var (rowSeeds, columnSeeds) = (SeedList.Parse(parsed.GetValue(rows)!), SeedList.Parse(parsed.GetValue(columns)!));
            NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
            using var scope = NewDisposeScope();
            var chosen = DeviceOption.Find(parsed.GetValue(device)!);
            using var loaded = NetworkSource.OpenGenerator(parsed.GetValue(network)!, chosen);
            using var _ = CorrectionOption.Apply(parsed.GetValue(correction), loaded, chosen);
            var taken = parsed.GetValue(styles) is { Length: > 0 } text ? [.. SeedList.Parse(text).Select(style => (int)style)] : Enumerable.Range(0, loaded.Network.Config.StyleCount / 2).ToList();
            var table = new NetworkPictures(loaded.Network).Mix(rowSeeds, columnSeeds, taken, parsed.GetValue(label), parsed.GetValue(psi));
            OutputFile.WritePicture(path, CaptionedGrid.Compose(
                table, string.Create(CultureInfo.InvariantCulture, $"columns: styles {string.Join(",", taken)} of seeds {string.Join(", ", columnSeeds)}; truncation psi {parsed.GetValue(psi):0.###}{(parsed.GetValue(label) is { } of ? $", class {of}" : "")}"),
                ["", .. rowSeeds.Select(seed => $"seed {seed}")]));
            return ExitCode.Success;
        });
        return command;
    }
}

/// <summary><c>atelier video</c>: interpolations and walks through a network's latents.</summary>
internal static class VideoCommand
{
    public static Command Create()
    {
        var network = PictureOptions.Network();
        var seeds = new Option<string>("--seeds") { Description = "interpolate between these seeds, and back to the first", DefaultValueFactory = _ => "0-3" };
        var walk = new Option<bool>("--walk") { Description = "random walk through Z instead, one per seed, side by side" };
        var frames = new Option<int>("--frames") { Description = "total number of frames", DefaultValueFactory = _ => 240 };
        var rate = new Option<int>("--fps") { Description = "frames per second", DefaultValueFactory = _ => 30 };
        var psi = PictureOptions.Truncation();
        var label = PictureOptions.Class();
        var correction = CorrectionOption.Create();
        var output = new OutputFile("the video to write: .webp; or .mp4, .webm, .mkv, .mov or .gif if ffmpeg is installed", ".webp", ".mp4", ".webm", ".mkv", ".mov", ".gif");
        var device = DeviceOption.Create();
        var command = new Command("video", "Make a video: an interpolation between seeds, or a walk through the latents") { network, seeds, walk, frames, rate, psi, label, correction, device };
        output.AddTo(command);
        command.SetAction(parsed => Run(new Request(
            parsed.GetValue(network)!, SeedList.Parse(parsed.GetValue(seeds)!), parsed.GetValue(walk), parsed.GetValue(frames), parsed.GetValue(rate), parsed.GetValue(psi),
            parsed.GetValue(label), output.Path(parsed), parsed.GetValue(device)!, parsed.GetValue(correction))));
        return command;
    }

    private static int Run(Request request)
    {
        if (!Path.GetExtension(request.Output).Equals(".webp", StringComparison.OrdinalIgnoreCase) && !VideoWriter.HasFfmpeg())
            throw new UserErrorException($"--out {request.Output}: {Path.GetExtension(request.Output)} videos need ffmpeg, which is not installed; install it, or name a .webp file, which browsers can play");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var stop = new Interruption();
        using var scope = NewDisposeScope();
        var device = DeviceOption.Find(request.DeviceName);
        using var loaded = NetworkSource.OpenGenerator(request.Network, device);
        using var correction = CorrectionOption.Apply(request.Correction, loaded, device);
        var pictures = new NetworkPictures(loaded.Network);
        var paths = request.Walk
            ? request.Seeds.Select(seed => pictures.Styles(LatentPath.Walk(seed, loaded.Network.Config.LatentSize, request.Frames).to(loaded.Network.MeanStyle.device), request.Label, request.Psi)).ToList()
            : [LatentPath.ThroughStyles(pictures.Styles(pictures.Latents(request.Seeds), request.Label, request.Psi), request.Frames)];
        using var display = new Output.CountDisplay("frames drawn", unit: "frames");
        try
        {
            var file = VideoWriter.Write(request.Output, Frames(pictures, paths, request.Frames, display), request.Rate, stop.Token);
            display.Dispose();
            Console.WriteLine(file);
            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine("atelier: stopped; no video was written");
            return ExitCode.Interrupted;
        }
    }

    // Walks stand side by side; each frame is drawn when the video takes it.
    private static IEnumerable<RgbImage> Frames(NetworkPictures pictures, List<Tensor> paths, int count, Output.CountDisplay display)
    {
        var drawn = paths.Select(path => pictures.Draw(path).GetEnumerator()).ToList();
        for (int frame = 0; frame < count; frame++)
        {
            drawn.ForEach(path => path.MoveNext());
            yield return drawn.Count == 1 ? drawn[0].Current : ImageGrid.Compose([.. drawn.Select(path => path.Current)], (int)Math.Ceiling(Math.Sqrt(drawn.Count)));
            display.Show(frame + 1, count);
        }
    }

    private sealed record Request(string Network, IReadOnlyList<uint> Seeds, bool Walk, int Frames, int Rate, double Psi, int? Label, string Output, string DeviceName, string? Correction);
}
