using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Analysis;
using Atelier.Training.Imaging;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier generate</c>: pictures from a trained generator.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var network = PictureOptions.Network();
        var seeds = new Option<string>("--seeds") { Description = "seeds, e.g. 0-15,85; a seed draws the same picture as in the published scripts", DefaultValueFactory = _ => "0-15" };
        var psi = new Option<string>("--trunc") { Description = "truncation ψ; 1 for none, less for more typical pictures; several (1,0.7,0.5) draw a table with a row per seed", DefaultValueFactory = _ => "1" };
        var cutoff = new Option<int?>("--trunc-cutoff") { Description = "truncate only the first N styles" };
        var noise = new Option<string>("--noise-mode") { Description = "noise inputs: const, random or none", DefaultValueFactory = _ => "const" };
        noise.AcceptOnlyFromAmong("const", "random", "none");
        var label = PictureOptions.Class();
        var correction = CorrectionOption.Create();
        var grid = new Option<bool>("--grid") { Description = "draw all in one picture" };
        var output = new Option<string>("--out") { Description = "a folder, or a .png, .jpg or .webp file for a single picture or --grid", Required = true };
        var force = OutputFile.CreateForce();
        var device = DeviceOption.Create();
        var command = new Command("generate", "Generate pictures with a trained network") { network, seeds, psi, cutoff, noise, label, correction, grid, output, force, device };
        command.SetAction(parsed => Run(new Request(
            parsed.GetValue(network)!, SeedList.Parse(parsed.GetValue(seeds)!), PictureOptions.Truncations(parsed.GetValue(psi)!), parsed.GetValue(cutoff),
            Enum.Parse<PictureNoise>(parsed.GetValue(noise)!, ignoreCase: true), parsed.GetValue(label), parsed.GetValue(grid), parsed.GetValue(output)!, parsed.GetValue(device)!, parsed.GetValue(correction), parsed.GetValue(force))));
        return command;
    }

    private static int Run(Request request)
    {
        bool isTable = request.Grid || request.Psis.Count > 1;
        if (request.NamesOnePicture && !isTable && request.Seeds.Count > 1)
            throw new UserErrorException($"--out {request.Output} names one file for {request.Seeds.Count} pictures: add --grid to draw them all in one, or name a folder");
        if (request.Psis.Count > 1 && !request.NamesOnePicture)
            throw new UserErrorException($"--trunc with several values draws one table, so --out must be a .png, .jpg or .webp file, not {request.Output}");
        if (request.Grid && !request.NamesOnePicture)
            OutputFile.RequireEnding("--out", request.Output, OutputFile.Pictures);
        foreach (string file in request.Files)
            OutputFile.RequireFree(file, request.Force);
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var device = DeviceOption.Find(request.DeviceName);
        using var loaded = NetworkSource.OpenGenerator(request.Network, device);
        using var correction = CorrectionOption.Apply(request.Correction, loaded, device);
        var pictures = new NetworkPictures(loaded.Network);
        if (request.Psis.Count > 1)
        {
            string psis = string.Join(", ", request.Psis.Select(psi => psi.ToString("0.###", CultureInfo.InvariantCulture)));
            OutputFile.WritePicture(request.Output, CaptionedGrid.Compose(
                pictures.Truncations(request.Seeds, request.Psis, request.Cutoff, request.Label, request.Noise),
                $"truncation psi {psis} from left to right{(request.Label is { } of ? $", class {of}" : "")}", [.. request.Seeds.Select(seed => $"seed {seed}")]));
            return ExitCode.Success;
        }
        var images = new List<RgbImage>();
        foreach (var seeds in request.Seeds.Chunk(NetworkPictures.AtOnce))
        {
            using var some = NewDisposeScope();
            images.AddRange(pictures.Draw(pictures.Styles(pictures.Latents(seeds), request.Label, request.Psis[0], request.Cutoff), request.Noise, seeds));
        }
        Write(request, images);
        return ExitCode.Success;
    }

    private static void Write(Request request, List<RgbImage> images)
    {
        if (request.Grid)
        {
            int columns = (int)Math.Ceiling(Math.Sqrt(images.Count));
            OutputFile.WritePicture(request.Output, CaptionedGrid.OfSeeds(ImageGrid.Compose(images, columns), request.Seeds, columns, request.Psis[0], label: request.Label));
            return;
        }
        if (request.NamesOnePicture)
        {
            OutputFile.WritePicture(request.Output, images[0]);
            return;
        }
        foreach (var (file, image) in request.Files.Zip(images))
            OutputFile.WritePicture(file, image);
    }

    private sealed record Request(
        string Network, IReadOnlyList<uint> Seeds, IReadOnlyList<double> Psis, int? Cutoff, PictureNoise Noise, int? Label, bool Grid, string Output, string DeviceName, string? Correction, bool Force)
    {
        // Of a folder called a.b nobody can say; one that looks like a file of another kind is meant as one.
        private static readonly string[] OtherFiles = [".gif", ".bmp", ".tif", ".tiff", ".avif", ".pdf", ".svg", ".zip", ".tar", ".npz", ".pkl", ".pt", ".safetensors", ".onnx", ".mp4", ".webm"];

        public bool NamesOnePicture => !Directory.Exists(Output) && OutputFile.Pictures.Contains(Path.GetExtension(Output), StringComparer.OrdinalIgnoreCase);

        /// <summary>The files to write.</summary>
        public IReadOnlyList<string> Files
        {
            get
            {
                if (OtherFiles.Contains(Path.GetExtension(Output), StringComparer.OrdinalIgnoreCase) && !Directory.Exists(Output))
                    OutputFile.RequireEnding("--out", Output, OutputFile.Pictures);
                return NamesOnePicture ? [Output] : [.. Seeds.Select(seed => Path.Combine(Output, string.Create(CultureInfo.InvariantCulture, $"seed{seed:0000}.png")))];
            }
        }
    }
}

/// <summary>Options of commands that draw pictures with a network.</summary>
internal static class PictureOptions
{
    public static Option<string> Network() => new("--network") { Description = "an export (.safetensors), or a run folder for its newest snapshot", Required = true };

    public static Option<int?> Class() => new("--class") { Description = "class label, for a conditional network" };

    public static Option<double> Truncation() => new("--trunc") { Description = "truncation ψ; 1 for none, less for more typical pictures", DefaultValueFactory = _ => 1 };

    /// <summary>Truncations as people write them: <c>0.7</c>, or <c>1,0.7,0.5</c>.</summary>
    /// <exception cref="UserErrorException">The text is not a list of numbers.</exception>
    public static IReadOnlyList<double> Truncations(string text)
    {
        var values = new List<double>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
                throw new UserErrorException($"--trunc `{text}`: must be a number, or several such as 1,0.7,0.5");
            values.Add(value);
        }
        return values;
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
                throw new UserErrorException($"`{part}` is neither a seed nor a range of seeds; write seeds as 0-15,85");
            for (uint seed = first; seed <= last && seeds.Count < Most; seed++)
            {
                seeds.Add(seed);
                if (seed == uint.MaxValue)
                    break;
            }
        }
        return seeds.Count > 0 ? seeds : throw new UserErrorException("no seeds given; write them as 0-15,85");
    }

    private static bool TryRead(string text, out uint seed) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);
}
