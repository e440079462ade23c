using System.CommandLine;
using System.Globalization;
using Atelier.Core;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using Atelier.Worker.Runs;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier generate</c>: pictures from a trained generator.</summary>
internal static class GenerateCommand
{
    private const int ImagesAtOnce = 8;

    public static Command Create()
    {
        var network = new Option<string>("--network") { Description = "an export (.safetensors), or a run's folder for its newest snapshot", Required = true };
        var seeds = new Option<string>("--seeds") { Description = "seeds, e.g. 0-15,85; the same seed shows the same picture as in the published scripts", DefaultValueFactory = _ => "0-15" };
        var psi = new Option<double>("--trunc") { Description = "truncation ψ: 1 for none, smaller for more typical pictures", DefaultValueFactory = _ => 1 };
        var cutoff = new Option<int?>("--trunc-cutoff") { Description = "truncate only this many styles, from the first" };
        var noise = new Option<string>("--noise-mode") { Description = "const, random or none", DefaultValueFactory = _ => "const" };
        noise.AcceptOnlyFromAmong("const", "random", "none");
        var label = new Option<int?>("--class") { Description = "class label, for a conditional network" };
        var correction = CorrectionOption.Create();
        var grid = new Option<bool>("--grid") { Description = "one picture with all of them" };
        var output = new Option<string>("--out") { Description = "a folder, or for one picture or --grid a PNG file", Required = true };
        var device = DeviceOption.Create();
        var command = new Command("generate", "Make pictures with a trained generator") { network, seeds, psi, cutoff, noise, label, correction, grid, output, device };
        command.SetAction(parsed => Run(new Request(
            parsed.GetValue(network)!, SeedList.Parse(parsed.GetValue(seeds)!), parsed.GetValue(psi), parsed.GetValue(cutoff), parsed.GetValue(noise)!,
            parsed.GetValue(label), parsed.GetValue(grid), parsed.GetValue(output)!, parsed.GetValue(device)!, parsed.GetValue(correction))));
        return command;
    }

    private static int Run(Request request)
    {
        if (request.NamesOnePicture && !request.Grid && request.Seeds.Count > 1)
            throw new UserErrorException($"--out {request.Output} names one picture, and {request.Seeds.Count} were asked for: add --grid to have all in one, or name a folder");
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var device = DeviceOption.Find(request.DeviceName);
        using var loaded = NetworkSource.OpenGenerator(request.Network, device);
        var generator = loaded.Network;
        using var correction = CorrectionOption.Apply(request.Correction, loaded, device);
        var images = new List<RgbImage>();
        foreach (var seeds in request.Seeds.Chunk(ImagesAtOnce))
        {
            using var some = NewDisposeScope();
            var z = tensor(seeds.SelectMany(seed => PublishedSeeds.Latent(seed, generator.Config.LatentSize)).Select(value => (float)value).ToArray(), [seeds.Length, generator.Config.LatentSize]).to(device);
            var styles = generator.Truncate(generator.Broadcast(generator.Map(z, Labels(generator.Config, request, seeds.Length, device))), request.Psi, request.Cutoff);
            images.AddRange(Pictures(generator.Synthesize(styles, Noise(request, seeds, device)), generator.Config.Shape));
        }
        Write(request, images);
        return ExitCode.Success;
    }

    private static Tensor? Labels(GeneratorConfig config, Request request, int count, Device device)
    {
        if (config.LabelSize == 0)
            return request.Label is null ? null : throw new UserErrorException("this network has no labels: leave out --class");
        if (request.Label is not { } label || label < 0 || label >= config.LabelSize)
            throw new UserErrorException($"this network needs a label: pass --class with a number from 0 to {config.LabelSize - 1}");
        var labels = zeros([count, config.LabelSize], ScalarType.Float32, device);
        labels.narrow(1, label, 1).fill_(Number(1));
        return labels;
    }

    private static NoiseInput Noise(Request request, uint[] seeds, Device device) => request.NoiseMode switch
    {
        "const" => NoiseInput.Constant,
        "none" => NoiseInput.None,
        _ => NoiseInput.Random((layer, shape) =>
        {
            // Each picture's noise follows its own seed, whatever it is drawn together with.
            var noise = empty(shape, ScalarType.Float32);
            for (int i = 0; i < seeds.Length; i++)
                PhiloxFill.Normal(noise.narrow(0, i, 1), seeds[i], (ulong)layer);
            return noise.to(device);
        }),
    };

    private static List<RgbImage> Pictures(Tensor images, ImageShape shape)
    {
        var values = images.cpu().contiguous().data<float>().ToArray();
        var size = new ImageSize(shape.Width, shape.Height);
        return Enumerable.Range(0, (int)images.shape[0]).Select(i => ImageGrid.Compose(values.AsSpan(i * size.ImageBytes, size.ImageBytes), size, 1, 3, -1, 1)).ToList();
    }

    private static void Write(Request request, List<RgbImage> images)
    {
        if (request.Grid || request.NamesOnePicture)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(request.Output))!);
            File.WriteAllBytes(request.Output, ImageCodec.EncodePng(ImageGrid.Compose(images, (int)Math.Ceiling(Math.Sqrt(images.Count)))));
            Console.WriteLine(request.Output);
            return;
        }
        Directory.CreateDirectory(request.Output);
        foreach (var (seed, image) in request.Seeds.Zip(images))
        {
            var path = Path.Combine(request.Output, string.Create(CultureInfo.InvariantCulture, $"seed{seed:0000}.png"));
            File.WriteAllBytes(path, ImageCodec.EncodePng(image));
            Console.WriteLine(path);
        }
    }

    private sealed record Request(
        string Network, IReadOnlyList<uint> Seeds, double Psi, int? Cutoff, string NoiseMode, int? Label, bool Grid, string Output, string DeviceName, string? Correction)
    {
        public bool NamesOnePicture => Path.GetExtension(Output).Equals(".png", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(Output);
    }
}

/// <summary>Seeds as people write them: <c>0-15,85</c>.</summary>
internal static class SeedList
{
    private const int Most = 1_000_000;

    /// <exception cref="UserErrorException">The text is not a list of seeds.</exception>
    public static IReadOnlyList<uint> Parse(string text)
    {
        var seeds = new List<uint>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryRead(ends[0], out uint first) || !TryRead(ends[^1], out uint last) || last < first || last - first >= Most)
                throw new UserErrorException($"'{part}' is neither a seed nor a range of seeds; write them as 0-15,85");
            for (uint seed = first; seed <= last && seeds.Count < Most; seed++)
            {
                seeds.Add(seed);
                if (seed == uint.MaxValue)
                    break;
            }
        }
        return seeds.Count > 0 ? seeds : throw new UserErrorException("no seeds were given; write them as 0-15,85");
    }

    private static bool TryRead(string text, out uint seed) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);
}
