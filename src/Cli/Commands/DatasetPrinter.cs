using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Training.Data;
using Atelier.Training.Data.Survey;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary>What is found out about a dataset, as text and as JSON.</summary>
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

    /// <summary>What beside images there is.</summary>
    public static string Ignored(DatasetReport report) => report.Ignored.Count == 0 ? "0" : report.Ignored.ToString();

    /// <summary>Labels in one line.</summary>
    public static string Labels(DatasetReport report) => report.LabelProblem is not null ? "unusable"
        : report.LabelDimension == 0 ? "none"
        : report.ImagesPerClass is { } counts ? $"{report.LabelDimension} classes: {string.Join(", ", counts.Take(20).Select((n, i) => $"{i}: {n:#,0}"))}{(counts.Count > 20 ? ", …" : "")}; {HowToUseLabels}"
        : $"vectors of {report.LabelDimension} numbers; {HowToUseLabels}";

    /// <summary>A line a class, with a bar.</summary>
    public static IEnumerable<string> Histogram(IReadOnlyList<int> counts)
    {
        var most = Math.Max(1, counts.DefaultIfEmpty().Max());
        return counts.Select((n, i) => $"  {i,6} {n,10:#,0} {new string('#', (int)((long)n * BarWidth / most))}");
    }

    /// <summary>What <c>check</c> and <c>stats</c> both tell, as JSON.</summary>
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
