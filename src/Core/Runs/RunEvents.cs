using System.Text.Json;
using System.Text.Json.Serialization;
using Atelier.Core.Alerts;

namespace Atelier.Core.Runs;

/// <summary>
/// Something that happened to a run: a line of `events.jsonl`, with `event` naming what it was. The line's text for people
/// is <see cref="Describe"/>.
/// </summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The run's image count, in kimg.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(RunStarted), "started")]
[JsonDerivedType(typeof(RunResumed), "resumed")]
[JsonDerivedType(typeof(BranchBegun), "branch-begun")]
[JsonDerivedType(typeof(NumericsAccepted), "numerics-accepted")]
[JsonDerivedType(typeof(SnapshotWritten), "snapshot-written")]
[JsonDerivedType(typeof(SnapshotFailed), "snapshot-failed")]
[JsonDerivedType(typeof(SnapshotRefused), "snapshot-refused")]
[JsonDerivedType(typeof(SnapshotDeleted), "snapshot-deleted")]
[JsonDerivedType(typeof(BadImageSkipped), "bad-image-skipped")]
[JsonDerivedType(typeof(DatasetNoted), "dataset")]
[JsonDerivedType(typeof(NonFiniteGradients), "non-finite-gradients")]
[JsonDerivedType(typeof(MetricMeasured), "metric-measured")]
[JsonDerivedType(typeof(MetricFailed), "metric-failed")]
[JsonDerivedType(typeof(FleetNoted), "fleet")]
[JsonDerivedType(typeof(AlertRaised), "alert-raised")]
[JsonDerivedType(typeof(AlertCleared), "alert-cleared")]
[JsonDerivedType(typeof(RunStopped), "stopped")]
[JsonDerivedType(typeof(RunFinished), "finished")]
public abstract record RunEvent(DateTimeOffset At, double Kimg)
{
    public abstract string Describe();

    /// <summary>The event as one line of JSON, without the end of line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunsJsonContext.Default.RunEvent);

    /// <summary>Reads a line of `events.jsonl`.</summary>
    /// <exception cref="UserErrorException">It is not an event.</exception>
    public static RunEvent FromJson(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, RunsJsonContext.Default.RunEvent) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new UserErrorException($"this line is not a run event: {line}", error);
        }
    }
}

/// <summary>A new run began.</summary>
public sealed record RunStarted(DateTimeOffset At, double Kimg, string Recipe, ulong Seed, int Workers, NumericsFingerprint Numerics) : RunEvent(At, Kimg)
{
    public override string Describe() => $"started with recipe {Recipe}, seed {Seed}, on {Counted.Of(Workers, "worker")}";
}

/// <summary>An existing run was resumed.</summary>
/// <param name="Snapshot">The snapshot it was resumed from.</param>
/// <param name="Changes">Free changes of the spec, as `key old -> new`.</param>
public sealed record RunResumed(DateTimeOffset At, double Kimg, string Snapshot, int Workers, IReadOnlyList<string> Changes) : RunEvent(At, Kimg)
{
    public override string Describe() =>
        $"resumed from {Snapshot} on {Counted.Of(Workers, "worker")}" + (Changes.Count > 0 ? $"; changed: {string.Join(", ", Changes)}" : "");
}

/// <summary>A changed spec or a rollback began a new branch.</summary>
/// <param name="Reasons">What changed, as `key old -> new`, or why it rolled back.</param>
public sealed record BranchBegun(DateTimeOffset At, double Kimg, uint Branch, IReadOnlyList<string> Reasons) : RunEvent(At, Kimg)
{
    public override string Describe() => $"branch {Branch} began: {string.Join(", ", Reasons)}";
}

/// <summary>The user let the run continue under another numerics fingerprint.</summary>
/// <param name="Differences">What differs, with both values.</param>
public sealed record NumericsAccepted(DateTimeOffset At, double Kimg, IReadOnlyList<string> Differences, NumericsFingerprint Numerics) : RunEvent(At, Kimg)
{
    public override string Describe() => $"continued under different numerics: {string.Join(", ", Differences)}";
}

/// <summary>A snapshot is whole and durable.</summary>
/// <param name="Seconds">How long writing took, while training continued.</param>
public sealed record SnapshotWritten(DateTimeOffset At, double Kimg, string Snapshot, string StateSha256, long Bytes, double Seconds) : RunEvent(At, Kimg)
{
    public override string Describe() => $"snapshot {Snapshot} written ({Bytes / 1048576.0:0.0} MiB in {Seconds:0.0} s)";
}

/// <summary>A snapshot could not be written; the earlier ones are kept and training continues.</summary>
public sealed record SnapshotFailed(DateTimeOffset At, double Kimg, string Snapshot, string Reason) : RunEvent(At, Kimg)
{
    public override string Describe() => $"snapshot {Snapshot} could not be written: {Reason}; training continues, and earlier snapshots are kept";
}

/// <summary>A snapshot is damaged and was not used.</summary>
/// <param name="UsedInstead">The snapshot used in its place; null where there was none.</param>
public sealed record SnapshotRefused(DateTimeOffset At, double Kimg, string Snapshot, string Reason, string? UsedInstead) : RunEvent(At, Kimg)
{
    public override string Describe() => $"snapshot {Snapshot} refused: {Reason}; " + (UsedInstead is null ? "no earlier snapshot exists" : $"{UsedInstead} is used");
}

/// <summary>Retention deleted a snapshot.</summary>
public sealed record SnapshotDeleted(DateTimeOffset At, double Kimg, string Snapshot) : RunEvent(At, Kimg)
{
    public override string Describe() => $"snapshot {Snapshot} deleted";
}

/// <summary>An unreadable image was left out of the dataset.</summary>
public sealed record BadImageSkipped(DateTimeOffset At, double Kimg, string Image, string Reason) : RunEvent(At, Kimg)
{
    public override string Describe() => $"image {Image} skipped: {Reason}";
}

/// <summary>Something about the dataset that a person should know: files left out, labels that are not used.</summary>
/// <param name="Text">In a sentence.</param>
public sealed record DatasetNoted(DateTimeOffset At, double Kimg, string Text) : RunEvent(At, Kimg)
{
    public override string Describe() => Text;
}

/// <summary>Gradients had NaN or infinite values; they were replaced, as published.</summary>
/// <param name="NaNs">Number of NaN values.</param>
/// <param name="Infinities">Number of infinite values.</param>
public sealed record NonFiniteGradients(DateTimeOffset At, double Kimg, string Phase, long NaNs, long Infinities) : RunEvent(At, Kimg)
{
    public override string Describe() => $"gradients of {Phase} had {NaNs} NaN and {Infinities} infinite values";
}

/// <summary>A metric of a snapshot is known.</summary>
/// <param name="Kimg">The snapshot's image count.</param>
public sealed record MetricMeasured(DateTimeOffset At, double Kimg, string Metric, double Value, string Snapshot) : RunEvent(At, Kimg)
{
    public override string Describe() => $"{Metric} of {Snapshot} is {Value:0.####}";
}

/// <summary>A metric of a snapshot could not be measured.</summary>
/// <param name="Kimg">The snapshot's image count.</param>
public sealed record MetricFailed(DateTimeOffset At, double Kimg, string Metric, string Snapshot, string Reason) : RunEvent(At, Kimg)
{
    public override string Describe() => $"{Metric} of {Snapshot} could not be measured: {Reason}";
}

/// <summary>Something about who works on the run: a generation began or ended, a worker was lost, evicted, disagreed.</summary>
/// <param name="Kimg">The run's image count, as far as the coordinator knew.</param>
public sealed record FleetNoted(DateTimeOffset At, double Kimg, long Generation, string Text) : RunEvent(At, Kimg)
{
    /// <summary>Where the generation begins to train: its workers in rank order.</summary>
    public IReadOnlyList<string>? Members { get; init; }

    public override string Describe() => Text;
}

/// <summary>Something is the matter that a person should look at.</summary>
public sealed record AlertRaised(DateTimeOffset At, double Kimg, AlertKind Alert, string Text) : RunEvent(At, Kimg)
{
    public override string Describe() => $"alert {Alert}: {Text}";
}

/// <summary>What an alert told of is over.</summary>
/// <param name="Since">When it was raised.</param>
public sealed record AlertCleared(DateTimeOffset At, double Kimg, AlertKind Alert, DateTimeOffset Since) : RunEvent(At, Kimg)
{
    public override string Describe() => $"alert {Alert} cleared";
}

/// <summary>The run stopped before its end.</summary>
/// <param name="Reason">Why: a person's command, a signal, gradients that stayed non-finite.</param>
/// <param name="LastGood">The snapshot to resume from; null where there is none.</param>
public sealed record RunStopped(DateTimeOffset At, double Kimg, string Reason, string? LastGood) : RunEvent(At, Kimg)
{
    /// <summary>Whether it stopped because gradients stayed non-finite for a whole tick.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NonFinite { get; init; }

    public override string Describe() => $"stopped: {Reason}" + (LastGood is null ? "" : $"; the last good snapshot is {LastGood}");
}

/// <summary>The run reached its length.</summary>
public sealed record RunFinished(DateTimeOffset At, double Kimg, string StateSha256) : RunEvent(At, Kimg)
{
    public override string Describe() => $"finished; state {StateSha256}";
}

/// <summary>JSON of the run records, generated at build time, so that start-up needs no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(NumericsFingerprint))]
[JsonSerializable(typeof(RunEvent))]
internal sealed partial class RunsJsonContext : JsonSerializerContext;
