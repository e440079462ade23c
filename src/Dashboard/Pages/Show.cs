using System.Globalization;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;

namespace Atelier.Dashboard.Pages;

/// <summary>Numbers, times and states as people read them.</summary>
internal static class Show
{
    private const string Unknown = "–";

    /// <summary>Images in thousands.</summary>
    public static string Kimg(double kimg) => kimg.ToString(kimg >= 100 || kimg == Math.Floor(kimg) ? "#,0" : kimg >= 1 ? "0.0" : "0.000", CultureInfo.InvariantCulture);

    /// <summary>Images in thousands.</summary>
    public static string KimgOf(long images) => Kimg(images / 1000.0);

    /// <summary>A speed.</summary>
    public static string Rate(Run run) => run.ImagesPerSecond > 0 ? $"{run.ImagesPerSecond.ToString(run.ImagesPerSecond >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture)} img/s" : Unknown;

    /// <summary>The metric by which the run's snapshots are judged; null where it measures none.</summary>
    public static string? MetricName(Run run)
    {
        try
        {
            return RunSpecJson.Read(run.SpecJson, "the run's spec").Metrics is [var first, ..] ? first : null;
        }
        catch (UserErrorException)
        {
            // Another version's.
            return null;
        }
    }

    /// <summary>The newest value of that metric.</summary>
    public static string Metric(Run run) => run.HasMetric ? run.Metric.ToString("0.###", CultureInfo.InvariantCulture) : Unknown;

    /// <summary>What is left of a run.</summary>
    public static string Remaining(Run run) => run.HasRemainingSeconds && IsActive(run) ? Duration(TimeSpan.FromSeconds(Math.Min(run.RemainingSeconds, TimeSpan.FromDays(9999).TotalSeconds))) : Unknown;

    /// <summary>A duration in its two largest units.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{(int)time.TotalSeconds} s",
        { TotalHours: < 1 } => $"{time.Minutes} min",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes:00} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };

    /// <summary>A number of bytes.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MiB",
        _ => $"{bytes / 1073741824.0:0.0} GiB",
    };

    /// <summary>A run's state in a word.</summary>
    public static string Status(Run run) => run.Status == RunStatus.Unspecified ? "not submitted" : run.Status.ToString().ToLowerInvariant();

    /// <summary>A worker's state in a word.</summary>
    public static string Status(Worker worker) => worker.Status switch
    {
        WorkerStatus.Ready when worker.Run.Length > 0 => "training",
        WorkerStatus.Ready => "free",
        _ => worker.Status.ToString().ToLowerInvariant(),
    };

    /// <summary>How a run's state is coloured.</summary>
    public static string Tone(Run run) => run.Status switch
    {
        RunStatus.Running => "good",
        RunStatus.Finished => "done",
        RunStatus.Failed => "bad",
        RunStatus.Forming or RunStatus.Halting or RunStatus.Queued => "busy",
        _ => "quiet",
    };

    /// <summary>How a worker's state is coloured.</summary>
    public static string Tone(Worker worker) => worker.Status switch
    {
        WorkerStatus.Ready when worker.Run.Length > 0 => "good",
        WorkerStatus.Ready => "done",
        WorkerStatus.Evicted => "bad",
        _ => "busy",
    };

    /// <summary>Whether a run is not over.</summary>
    public static bool IsActive(Run run) => run.Status is not (RunStatus.Finished or RunStatus.Failed or RunStatus.Cancelled);

    /// <summary>A moment for machines; the browser writes it in its own time zone.</summary>
    public static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A moment for people without scripts.</summary>
    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The address of a run's page.</summary>
    public static string Link(string run) => $"/runs/{Uri.EscapeDataString(run)}";
}
