using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Data.Survey;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dataset stats</c>: mean and deviation of the pixels, how labels are spread, sizes and hash.</summary>
internal static class DatasetStatsCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("PATH") { Description = DatasetCommand.Sources };
        var jobs = JobsOption.Create();
        var megapixels = DatasetCommand.MegapixelsOption();
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command("stats", "Measure a dataset: pixels, labels, size, hash") { source, megapixels, jobs, json };
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
            throw new UserErrorException($"{path} holds no usable image; `atelier dataset check` says what is there");
        if (json)
        {
            var values = DatasetPrinter.Json(report);
            values["bad"] = report.Bad.Count;
            values["mean"] = Rounded(report.Mean);
            values["std"] = Rounded(report.StandardDeviation);
            Console.WriteLine(values.ToJsonString());
            return ExitCode.Success;
        }
        Row("images", string.Create(CultureInfo.InvariantCulture, $"{report.Images:#,0}, {report.Bytes / 1e6:#,0.0} MB{(report.Bad.Count > 0 ? $"; {report.Bad.Count:#,0} bad ones are left out" : "")}"));
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
