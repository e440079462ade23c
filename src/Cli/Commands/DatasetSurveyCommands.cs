using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Data.Survey;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dataset check</c>: names every file that cannot be used, and sums up the others.</summary>
internal static class DatasetCheckCommand
{
    private const int DuplicatesShown = 3;

    public static Command Create()
    {
        var source = new Argument<string>("PATH") { Description = DatasetCommand.Sources };
        var picture = new Option<string?>("--picture") { Description = "PNG file to which a picture of 64 samples is written" };
        var jobs = JobsOption.Create();
        var megapixels = DatasetCommand.MegapixelsOption();
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("check", "List every bad file in a dataset, and summarise the rest") { source, picture, megapixels, jobs, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(source)!, parsed.GetValue(picture), JobsOption.Get(parsed, jobs), DatasetCommand.PixelsOf(parsed, megapixels), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string path, string? picture, int jobs, long mostPixels, bool json)
    {
        using var source = DataPath.Open(path);
        DatasetReport report;
        using (var display = new CountDisplay("checked"))
            report = DatasetSurvey.Run(source, jobs, mostPixels, new DirectProgress<int>(done => display.Show(done, source.ImageNames.Count)));
        if (picture is not null && SamplePicture.Draw(source, report.Bad) is { } sheet)
            File.WriteAllBytes(picture, ImageCodec.EncodePng(sheet));
        else
            picture = null;
        if (json)
            PrintJson(report, picture);
        else
            Print(report, picture);
        return report.IsSound ? ExitCode.Success : ExitCode.Usage;
    }

    private static void PrintJson(DatasetReport report, string? picture)
    {
        var json = DatasetPrinter.Json(report);
        json["bad"] = DatasetPrinter.Bad(report.Bad);
        json["label_problem"] = report.LabelProblem;
        json["duplicates"] = report.Duplicates.Count;
        json["trainable"] = report.IsTrainable;
        json["picture"] = picture;
        Console.WriteLine(json.ToJsonString());
    }

    private static void Print(DatasetReport report, string? picture)
    {
        foreach (var bad in report.Bad)
            Console.WriteLine($"BAD {bad.Name}: {bad.Reason}");
        if (report.LabelProblem is { } problem)
            Console.WriteLine($"BAD {problem}");
        Row("images", string.Create(CultureInfo.InvariantCulture, $"{report.Images:#,0} ({report.Bytes / 1e6:#,0.0} MB), {report.Bad.Count:#,0} bad"));
        Row("resolution", DatasetPrinter.Sizes(report));
        Row("channels", DatasetPrinter.Channels(report));
        Row("labels", DatasetPrinter.Labels(report));
        if (report.LabelWarning is { } warning)
            Row("warning", warning);
        Row("ignored", DatasetPrinter.Ignored(report));
        Row("duplicates", report.Duplicates.Count == 0 ? "0" : $"{report.Duplicates.Count:#,0} ({string.Join("; ", report.Duplicates.Take(DuplicatesShown).Select(d => $"{d.Name} = {d.EqualTo}"))}{(report.Duplicates.Count > DuplicatesShown ? "; …" : "")})");
        if (picture is not null)
            Row("picture", picture);
        Row("training", Verdict(report));
    }

    private static string Verdict(DatasetReport report) => report switch
    {
        { Images: 0 } => "no usable image",
        { IsTrainable: true } => "ready for `atelier train --data`",
        { Size: { } size } when NetworkSize.IsUsable(size) => report.LabelProblem is null ? "after you remove the bad files, or with `--bad-images skip`" : "without labels, or after you repair them",
        _ => $"first {DatasetPrinter.ConvertCommand(report)}{(report.Bad.Count > 0 ? " --bad-images skip" : "")}",
    };

    private static void Row(string what, string value) => Console.WriteLine($"{what,-12} {value}");
}

/// <summary><c>atelier dataset stats</c>: mean and deviation of the pixels, how labels are spread, sizes and hash.</summary>
internal static class DatasetStatsCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("PATH") { Description = DatasetCommand.Sources };
        var jobs = JobsOption.Create();
        var megapixels = DatasetCommand.MegapixelsOption();
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("stats", "Show statistics of a dataset: pixels, labels, size, hash") { source, megapixels, jobs, json };
        command.SetAction(parsed => Run(parsed.GetValue(source)!, JobsOption.Get(parsed, jobs), DatasetCommand.PixelsOf(parsed, megapixels), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string path, int jobs, long mostPixels, bool json)
    {
        using var source = DataPath.Open(path);
        DatasetReport report;
        using (var display = new CountDisplay("measured"))
            report = DatasetSurvey.Run(source, jobs, mostPixels, new DirectProgress<int>(done => display.Show(done, source.ImageNames.Count)));
        if (report.Images == 0)
            throw new UserErrorException($"{path} has no usable image; `atelier dataset check` shows why");
        if (json)
        {
            var values = DatasetPrinter.Json(report);
            values["bad"] = report.Bad.Count;
            values["mean"] = Rounded(report.Mean);
            values["std"] = Rounded(report.StandardDeviation);
            Console.WriteLine(values.ToJsonString());
            return ExitCode.Success;
        }
        Row("images", string.Create(CultureInfo.InvariantCulture, $"{report.Images:#,0}, {report.Bytes / 1e6:#,0.0} MB{(report.Bad.Count > 0 ? $"; {report.Bad.Count:#,0} unreadable left out" : "")}"));
        Row("resolution", DatasetPrinter.Sizes(report));
        Row("channels", DatasetPrinter.Channels(report));
        Row("mean", $"{Channels(report.Mean)} (R, G, B of 0 to 255)");
        Row("std", Channels(report.StandardDeviation));
        Row("sha256", report.Sha256);
        Row("ignored", DatasetPrinter.Ignored(report));
        if (report.LabelWarning is { } warning)
            Row("warning", warning);
        Row("labels", report.ImagesPerClass is null ? DatasetPrinter.Labels(report) : $"{report.LabelDimension} classes; {DatasetPrinter.HowToUseLabels}");
        foreach (var line in DatasetPrinter.Histogram(report.ImagesPerClass ?? []))
            Console.WriteLine(line);
        return ExitCode.Success;
    }

    private static JsonArray Rounded(IEnumerable<double> values) => [.. values.Select(v => (JsonNode)Math.Round(v, 4))];

    private static string Channels(IReadOnlyList<double> values) => string.Join(' ', values.Select(v => v.ToString("0.00", CultureInfo.InvariantCulture)));

    private static void Row(string what, string value) => Console.WriteLine($"{what,-12} {value}");
}

/// <summary>A dataset report as text and as JSON.</summary>
internal static class DatasetPrinter
{
    private const int MostSizes = 8;
    private const int BarWidth = 40;
    private static readonly string[] ChannelNames = ["unknown", "grey", "grey and alpha", "RGB", "RGB and alpha or CMYK"];

    /// <summary>Images that cannot be used, with the reason of each.</summary>
    public static JsonArray Bad(IReadOnlyList<BadImage> images) =>
        [.. images.Select(image => (JsonNode)new JsonObject { ["name"] = image.Name, ["reason"] = image.Reason })];

    /// <summary>How many images there are of what: <c>32x32 (100)</c>.</summary>
    public static string Sizes(DatasetReport report) => report.Sizes switch
    {
        [] => "none",
        [var (size, _)] => size.ToString(),
        var several => string.Join(", ", several.Take(MostSizes).Select(s => $"{s.Size} ({s.Images:#,0})"))
            + (several.Count > MostSizes ? $" and {several.Count - MostSizes:#,0} other sizes" : ""),
    };

    /// <summary>How many channels the files store.</summary>
    public static string Channels(DatasetReport report) => report.Channels.Count == 0 ? "none"
        : string.Join(", ", report.Channels.Select(c => report.Channels.Count == 1 ? $"{c.Channels} ({ChannelNames[c.Channels]})" : $"{c.Channels} ({ChannelNames[c.Channels]}): {c.Images:#,0} images"));

    /// <summary>What to do so that labels are used.</summary>
    public const string HowToUseLabels = "`train --set labels=true` trains on them";

    /// <summary>Files that are not images.</summary>
    public static string Ignored(DatasetReport report) => report.Ignored.Count == 0 ? "0" : report.Ignored.ToString();

    /// <summary>Labels in one line.</summary>
    public static string Labels(DatasetReport report) => report.LabelProblem is not null ? "unusable"
        : report.LabelDimension == 0 ? "none"
        : report.ImagesPerClass is { } counts ? $"{report.LabelDimension} classes: {string.Join(", ", counts.Take(20).Select((n, i) => $"{i}: {n:#,0}"))}{(counts.Count > 20 ? ", …" : "")}; {HowToUseLabels}"
        : $"vectors of {report.LabelDimension} numbers; {HowToUseLabels}";

    /// <summary>One line per class, with a bar.</summary>
    public static IEnumerable<string> Histogram(IReadOnlyList<int> counts)
    {
        var most = Math.Max(1, counts.DefaultIfEmpty().Max());
        return counts.Select((n, i) => $"  {i,6} {n,10:#,0} {new string('#', (int)((long)n * BarWidth / most))}");
    }

    /// <summary>What <c>check</c> and <c>stats</c> have in common, as JSON.</summary>
    public static JsonObject Json(DatasetReport report) => new()
    {
        ["path"] = report.Name,
        ["images"] = report.Images,
        ["resolution"] = report.Size?.ToString(),
        ["sizes"] = new JsonObject(report.Sizes.Select(s => KeyValuePair.Create(s.Size.ToString(), (JsonNode?)s.Images))),
        ["channels"] = new JsonObject(report.Channels.Select(c => KeyValuePair.Create(c.Channels.ToString(CultureInfo.InvariantCulture), (JsonNode?)c.Images))),
        ["label_dim"] = report.LabelDimension,
        ["images_per_class"] = report.ImagesPerClass is { } counts ? new JsonArray([.. counts.Select(n => (JsonNode)n)]) : null,
        ["label_warning"] = report.LabelWarning,
        ["ignored"] = new JsonArray([.. report.Ignored.Kinds.Select(kind => (JsonNode)new JsonObject { ["kind"] = kind.Kind, ["files"] = kind.Count, ["first"] = kind.First })]),
        ["bytes"] = report.Bytes,
        ["sha256"] = report.Sha256,
    };

    /// <summary>The command that makes a dataset trainable.</summary>
    public static string ConvertCommand(DatasetReport report)
    {
        var smallest = report.Sizes.Min(s => Math.Min(s.Size.Width, s.Size.Height));
        return ConvertHint.For(report.Name, ImageSize.Square(Math.Max(4, 1 << int.Log2(smallest))));
    }
}
