using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Training.Step;

namespace Atelier.Worker.Runs;

/// <summary>What a tick says; the fields of the published trainers' tick line and <c>stats.jsonl</c>.</summary>
/// <param name="Tick">Number of the tick, from 0.</param>
/// <param name="Now">Images shown.</param>
/// <param name="Total">Time since the process began to train.</param>
/// <param name="Length">Time of this tick, maintenance left out.</param>
/// <param name="Images">Images shown during it.</param>
/// <param name="Maintenance">Time for pictures, snapshots and ticks since the last one.</param>
/// <param name="DataWait">Time that training waited for images during the tick.</param>
/// <param name="PeakMemoryBytes">Peak resident memory of the process.</param>
/// <param name="AugmentationP">Probability of augmentations; 0 without.</param>
/// <param name="Losses">Mean losses by their published names.</param>
/// <param name="NonFinite">Gradient elements that were NaN or infinite, and were replaced.</param>
/// <param name="At">Wall-clock time.</param>
public sealed record TickReport(
    int Tick, ImageCount Now, TimeSpan Total, TimeSpan Length, long Images, TimeSpan Maintenance, TimeSpan DataWait, long PeakMemoryBytes, double AugmentationP,
    IReadOnlyDictionary<string, double> Losses, long NonFinite, DateTimeOffset At)
{
    /// <summary>How the names of resolutions' shares begin in <c>stats.jsonl</c>.</summary>
    public const string UsagePrefix = "Usage/";

    /// <summary>The share of each resolution in the images (Karras et al. 2020, §4.2); empty where it is not measured.</summary>
    public IReadOnlyList<(int Resolution, double Share)> Usage { get; init; } = [];

    /// <summary>Images a second, maintenance left out.</summary>
    public double ImagesPerSecond => Images / Math.Max(Length.TotalSeconds, 1e-9);

    /// <summary>The published trainers' line.</summary>
    public string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"tick {Tick,-5} kimg {Now.Kimg,-8:0.0} time {Format(Total),-12} sec/tick {Length.TotalSeconds,-7:0.0} sec/kimg {Length.TotalSeconds / Math.Max(Images / 1000.0, 1e-9),-7:0.00} maintenance {Maintenance.TotalSeconds,-6:0.0} cpumem {PeakMemoryBytes / (double)(1 << 30),-6:0.00} augment {AugmentationP:0.000}");

    /// <summary>One line of <c>stats.jsonl</c>.</summary>
    public string ToJson()
    {
        var json = new JsonObject();
        foreach (var (name, mean) in Losses)
            Put(json, name, mean);
        Put(json, "Progress/tick", Tick);
        Put(json, "Progress/kimg", Now.Kimg);
        Put(json, "Timing/total_sec", Total.TotalSeconds);
        Put(json, "Timing/sec_per_tick", Length.TotalSeconds);
        Put(json, "Timing/sec_per_kimg", Length.TotalSeconds / Math.Max(Images / 1000.0, 1e-9));
        Put(json, "Timing/maintenance_sec", Maintenance.TotalSeconds);
        Put(json, "Timing/data_wait_sec", DataWait.TotalSeconds);
        Put(json, "Resources/cpu_mem_gb", PeakMemoryBytes / (double)(1 << 30));
        Put(json, "Progress/augment", AugmentationP);
        Put(json, "Gradients/non_finite", NonFinite);
        foreach (var (resolution, share) in Usage)
            Put(json, UsageName(resolution), share);
        json["timestamp"] = At.ToUnixTimeMilliseconds() / 1000.0;
        return json.ToJsonString();
    }

    /// <summary>The name of a phase's gradient norm.</summary>
    public static string NormOf(PhaseKind kind) => $"Gradients/norm/{kind}";

    /// <summary>The losses of a tick by their published names, and the norms of its gradients.</summary>
    public static IReadOnlyDictionary<string, double> LossesOf(StepStatistics statistics)
    {
        var losses = new Dictionary<string, double>(StringComparer.Ordinal);
        void Add(string name, PhaseStatistic statistic, params ReadOnlySpan<PhaseKind> phases)
        {
            if (statistics.Mean(statistic, phases) is { } mean)
                losses[name] = mean;
        }
        Add("Loss/G/loss", PhaseStatistic.GeneratorLoss, PhaseKind.Gmain, PhaseKind.Gboth);
        Add("Loss/D/loss", PhaseStatistic.DiscriminatorLoss, PhaseKind.Dmain, PhaseKind.Dboth);
        Add("Loss/scores/fake", PhaseStatistic.FakeScores, PhaseKind.Gmain, PhaseKind.Gboth, PhaseKind.Dmain, PhaseKind.Dboth);
        Add("Loss/signs/fake", PhaseStatistic.FakeSigns, PhaseKind.Gmain, PhaseKind.Gboth, PhaseKind.Dmain, PhaseKind.Dboth);
        Add("Loss/scores/real", PhaseStatistic.RealScores, PhaseKind.Dmain, PhaseKind.Dreg, PhaseKind.Dboth);
        Add("Loss/signs/real", PhaseStatistic.RealSigns, PhaseKind.Dmain, PhaseKind.Dreg, PhaseKind.Dboth);
        Add("Loss/pl_penalty", PhaseStatistic.PathPenalty, PhaseKind.Greg, PhaseKind.Gboth);
        Add("Loss/pl_length", PhaseStatistic.PathLength, PhaseKind.Greg, PhaseKind.Gboth);
        Add("Loss/r1_penalty", PhaseStatistic.GradientPenalty, PhaseKind.Dreg, PhaseKind.Dboth);
        foreach (var kind in Enum.GetValues<PhaseKind>())
        {
            if (statistics.GradientNorm(kind) is { } norm)
                losses[NormOf(kind)] = norm;
        }
        return losses;
    }

    /// <summary>What <c>stats.jsonl</c> calls the share of a resolution.</summary>
    public static string UsageName(int resolution) => string.Create(CultureInfo.InvariantCulture, $"{UsagePrefix}{resolution}");

    /// <summary>A duration as the published trainers write it: <c>1h 02m 03s</c>.</summary>
    public static string Format(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0}s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m {time.Seconds:00}s"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h {time.Minutes:00}m {time.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays}d {time.Hours:00}h {time.Minutes:00}m"),
    };

    // JSON has no NaN; a mean that is not finite is written as null.
    private static void Put(JsonObject json, string name, double mean) =>
        json[name] = new JsonObject { ["num"] = 1, ["mean"] = double.IsFinite(mean) ? mean : null };
}
