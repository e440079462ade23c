using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Data.Conversion;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dataset</c>: what is done with images before training.</summary>
internal static class DatasetCommand
{
    /// <summary>What a source may be, for help texts.</summary>
    public const string Sources = "a folder or zip file of images, an LSUN LMDB, CIFAR-10, MNIST, or emoji:faces:SIZE";

    private const double Million = 1e6;

    public static Command Create() => new("dataset", "Pack, check and measure datasets")
    {
        DatasetConvertCommand.Create(),
        DatasetCheckCommand.Create(),
        DatasetStatsCommand.Create(),
    };

    /// <summary>The option that bounds the size of images.</summary>
    public static Option<double> MegapixelsOption() => new("--max-megapixels")
    {
        Description = "largest image to read, in millions of pixels", DefaultValueFactory = _ => ImageCodec.DefaultMostPixels / Million,
    };

    /// <summary>The bound in pixels.</summary>
    /// <exception cref="UserErrorException">It is out of range.</exception>
    public static long PixelsOf(ParseResult parsed, Option<double> option)
    {
        var megapixels = parsed.GetValue(option);
        return megapixels is > 0 and <= ImageCodec.LargestMostPixels / Million
            ? (long)(megapixels * Million)
            : throw new UserErrorException($"--max-megapixels {megapixels}: must be above 0 and at most {ImageCodec.LargestMostPixels / Million:0}");
    }
}

/// <summary><c>atelier dataset convert</c>: packs a dataset of any kind into a zip file in the published layout.</summary>
internal static class DatasetConvertCommand
{
    private const int BadImagesShown = 20;

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = DatasetCommand.Sources };
        var output = new Option<string>("--out") { Description = "the zip file to write", Required = true };
        var resolution = new Option<string?>("--resolution") { Description = "output size, WIDTHxHEIGHT or one number for a square (default: that of the images)" };
        var crop = new Option<string>("--crop") { Description = "none, center-crop, or center-crop-wide (for LSUN Car: the middle rows on a black square)", DefaultValueFactory = _ => "none" };
        crop.AcceptOnlyFromAmong("none", "center-crop", "center-crop-wide");
        var filter = new Option<string>("--filter") { Description = "lanczos or box", DefaultValueFactory = _ => "lanczos" };
        filter.AcceptOnlyFromAmong("lanczos", "box");
        var most = new Option<int?>("--max-images") { Description = "maximum number of images to use" };
        var background = new Option<string>("--background") { Description = "colour under transparent pixels", DefaultValueFactory = _ => "ffffff" };
        var badImages = new Option<string>("--bad-images") { Description = "unreadable images: skip or fail", DefaultValueFactory = _ => "fail" };
        badImages.AcceptOnlyFromAmong("skip", "fail");
        var megapixels = DatasetCommand.MegapixelsOption();
        var noLabels = new Option<bool>("--no-labels") { Description = "leave out the source's labels" };
        var force = new Option<bool>("--force") { Description = "replace an existing file" };
        var jobs = JobsOption.Create();
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("convert", "Pack images from any source into a zip file; after an interruption, the same command continues")
        {
            source, output, resolution, crop, filter, most, megapixels, background, badImages, noLabels, force, jobs, json,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(source)!, parsed.GetValue(output)!,
            new ConversionOptions
            {
                Resolution = Size(parsed.GetValue(resolution)),
                Crop = parsed.GetValue(crop) switch { "center-crop" => CropMode.CenterCrop, "center-crop-wide" => CropMode.CenterCropWide, _ => CropMode.None },
                Filter = parsed.GetValue(filter) == "box" ? ResampleFilter.Box : ResampleFilter.Lanczos,
                MostImages = Positive("--max-images", parsed.GetValue(most)),
                MostPixels = DatasetCommand.PixelsOf(parsed, megapixels),
                Background = RgbColor.TryParse(parsed.GetValue(background)!, out var color) ? color : throw new UserErrorException($"--background `{parsed.GetValue(background)}` is not a colour; write it as RRGGBB"),
                BadImages = parsed.GetValue(badImages) == "skip" ? BadImagePolicy.Skip : BadImagePolicy.Fail,
                Labels = parsed.GetValue(noLabels) ? LabelUse.Ignore : LabelUse.IfPresent,
                Replace = parsed.GetValue(force),
                Jobs = JobsOption.Get(parsed, jobs),
            },
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(string path, string output, ConversionOptions options, bool json)
    {
        OutputFile.RequireEnding("--out", output, ".zip");
        using var stop = new Interruption();
        using var source = DataPath.Open(path);
        using var display = new CountDisplay("converted");
        var done = 0;
        try
        {
            var result = DatasetConversion.Run(source, output, options, new DirectProgress<ConversionProgress>(p =>
            {
                done = p.Done;
                display.Show(p.Done, p.Total, p.AlreadyThere);
            }), TimeProvider.System, stop.Token);
            display.Dispose();
            Summarise(output, result, source.Ignored, json);
            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            display.Dispose();
            Console.Error.WriteLine($"atelier: stopped after {done:#,0} images; run the same command again to continue");
            return ExitCode.Interrupted;
        }
    }

    private static void Summarise(string output, ConversionResult result, IgnoredFiles ignored, bool json)
    {
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["out"] = output,
                ["images"] = result.Images,
                ["already_there"] = result.AlreadyThere,
                ["resolution"] = result.Size.ToString(),
                ["labels"] = result.Labels,
                ["bytes"] = result.Bytes,
                ["skipped"] = result.Bad.Count + result.TooSmall,
                ["too_small"] = result.TooSmall,
                ["bad"] = DatasetPrinter.Bad(result.Bad),
                ["ignored"] = ignored.Count,
                ["seconds"] = Math.Round(result.Elapsed.TotalSeconds, 3),
                ["images_per_s"] = Math.Round(result.ImagesPerSecond, 1),
            }.ToJsonString());
            return;
        }
        foreach (var bad in result.Bad.Take(BadImagesShown))
            Console.WriteLine($"left out: {bad.Name}: {bad.Reason}");
        if (result.Bad.Count > BadImagesShown)
            Console.WriteLine($"left out: {result.Bad.Count - BadImagesShown:#,0} more; `atelier dataset check` lists them all");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{output}: {result.Images:#,0} images of {result.Size}{(result.Labels ? " with labels" : "")}, {result.Bytes / 1e6:#,0.0} MB, in {result.Elapsed.TotalSeconds:0.0} s ({result.ImagesPerSecond:#,0} images/s)"));
        if (result.AlreadyThere > 0)
            Console.WriteLine($"continued after {result.AlreadyThere:#,0} images that were already packed");
        if (ignored.Count > 0)
            Console.WriteLine($"ignored: {ignored}");
        Console.WriteLine($"skipped: {result.Bad.Count + result.TooSmall:#,0} ({result.Bad.Count:#,0} unreadable, {result.TooSmall:#,0} too small)");
    }

    private static ImageSize? Size(string? text) => text is null ? null
        : ImageSize.TryParse(text, out var size) && size is { Width: <= 16384, Height: <= 16384 } ? size
        : throw new UserErrorException($"--resolution `{text}` is not a size; write 256, or 512x384 (width x height)");

    private static int? Positive(string option, int? value) => value is null or > 0
        ? value
        : throw new UserErrorException($"{option} {value}: must be a positive number");
}

/// <summary>How many images are worked on at once.</summary>
internal static class JobsOption
{
    private const int Most = 1024;

    public static Option<int> Create() =>
        new("--jobs") { Description = "images to process in parallel; does not change the result (default: number of cores)", DefaultValueFactory = _ => Environment.ProcessorCount };

    /// <summary>The value.</summary>
    /// <exception cref="UserErrorException">It is out of range.</exception>
    public static int Get(ParseResult parsed, Option<int> option) => parsed.GetValue(option) is var jobs and >= 1 and <= Most
        ? jobs
        : throw new UserErrorException($"--jobs {parsed.GetValue(option)}: must be from 1 to {Most}");
}

/// <summary>Data sets by name: a folder or zip, or the demo's emoji faces, which every worker carries with it.</summary>
internal static class DataPath
{
    private const string EmojiScheme = "emoji:";
    private const string Faces = "emoji:faces:";

    /// <summary>The name of the demo's images.</summary>
    public static string EmojiFaces(int side) => string.Create(CultureInfo.InvariantCulture, $"{Faces}{side}");

    /// <summary>A path that does not depend on the current folder; the emoji's name as it is.</summary>
    public static string Absolute(string path) => IsBuiltIn(path) ? path : Path.GetFullPath(path);

    /// <summary>Whether a data set is no file: every worker has it.</summary>
    public static bool IsBuiltIn(string path) => path.StartsWith(EmojiScheme, StringComparison.Ordinal);

    /// <summary>Opens a data set.</summary>
    /// <param name="path">A folder, a zip file, or what <see cref="EmojiFaces"/> gives.</param>
    /// <exception cref="UserErrorException">The path does not exist or has an unknown format.</exception>
    public static ImageSource Open(string path)
    {
        if (!IsBuiltIn(path))
            return ImageSource.Open(path);
        return path.StartsWith(Faces, StringComparison.Ordinal) && int.TryParse(path.AsSpan(Faces.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side > 0
            ? Training.Data.EmojiFaces.Open(ImageSize.Square(side))
            : throw new UserErrorException($"`{path}` is not an emoji set; write it as emoji:faces:32");
    }
}
