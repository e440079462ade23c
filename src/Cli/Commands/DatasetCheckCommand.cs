using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
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
        var picture = new Option<string?>("--picture") { Description = "write a picture of 64 samples to this PNG file" };
        var jobs = JobsOption.Create();
        var megapixels = DatasetCommand.MegapixelsOption();
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command("check", "Name every bad file of a dataset and sum up the others") { source, picture, megapixels, jobs, json };
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
        { IsTrainable: true } => "`atelier train --data` takes it as it is",
        { Size: { } size } when NetworkSize.IsUsable(size) => report.LabelProblem is null ? "with `--bad-images skip`, or without the bad files" : "without labels, or with the labels repaired",
        _ => $"first {DatasetPrinter.ConvertCommand(report)}{(report.Bad.Count > 0 ? " --bad-images skip" : "")}",
    };

    private static void Row(string what, string value) => Console.WriteLine($"{what,-12} {value}");
}
