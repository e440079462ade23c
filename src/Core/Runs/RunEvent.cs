using System.Text.Json;
using System.Text.Json.Serialization;

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
[JsonDerivedType(typeof(NonFiniteGradients), "non-finite-gradients")]
[JsonDerivedType(typeof(MetricMeasured), "metric-measured")]
[JsonDerivedType(typeof(MetricFailed), "metric-failed")]
[JsonDerivedType(typeof(FleetNoted), "fleet")]
[JsonDerivedType(typeof(RunStopped), "stopped")]
[JsonDerivedType(typeof(RunFinished), "finished")]
public abstract record RunEvent(DateTimeOffset At, double Kimg)
{
    /// <summary>The event in a sentence.</summary>
    public abstract string Describe();

    /// <summary>The event as one line of JSON, without the end of line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunsJsonContext.Default.RunEvent);

    /// <summary>Reads a line of `events.jsonl`.</summary>
    /// <param name="line">The line.</param>
    /// <exception cref="UserErrorException">It is no event.</exception>
    public static RunEvent FromJson(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, RunsJsonContext.Default.RunEvent) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new UserErrorException($"This line is no run event: {line}", error);
        }
    }
}
