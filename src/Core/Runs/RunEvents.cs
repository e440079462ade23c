namespace Atelier.Core.Runs;

// The lines of events.jsonl, a record each; they share a file because each is little more than its name and fields.

/// <summary>A new run began.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">0.</param>
/// <param name="Recipe">The recipe.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Workers">Workers at the start.</param>
/// <param name="Numerics">The numerics fingerprint.</param>
public sealed record RunStarted(DateTimeOffset At, double Kimg, string Recipe, ulong Seed, int Workers, NumericsFingerprint Numerics) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"started with recipe {Recipe}, seed {Seed}, on {Workers} worker(s)";
}

/// <summary>An existing run went on.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Where.</param>
/// <param name="Snapshot">The snapshot it went on from.</param>
/// <param name="Workers">Workers now.</param>
/// <param name="Changes">Free changes of the spec, as `key old -> new`.</param>
public sealed record RunResumed(DateTimeOffset At, double Kimg, string Snapshot, int Workers, IReadOnlyList<string> Changes) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() =>
        $"resumed from {Snapshot} on {Workers} worker(s)" + (Changes.Count > 0 ? $"; changed: {string.Join(", ", Changes)}" : "");
}

/// <summary>A changed spec or a rollback began a new branch.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Where.</param>
/// <param name="Branch">The new branch's number.</param>
/// <param name="Reasons">What changed, as `key old -> new`, or why it rolled back.</param>
public sealed record BranchBegun(DateTimeOffset At, double Kimg, uint Branch, IReadOnlyList<string> Reasons) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"branch {Branch} began: {string.Join(", ", Reasons)}";
}

/// <summary>The user let the run go on under another numerics fingerprint.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Where.</param>
/// <param name="Differences">What differs, with both values.</param>
/// <param name="Numerics">The fingerprint from here on.</param>
public sealed record NumericsAccepted(DateTimeOffset At, double Kimg, IReadOnlyList<string> Differences, NumericsFingerprint Numerics) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"goes on under other numerics: {string.Join(", ", Differences)}";
}

/// <summary>A snapshot is whole and durable.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Its image count.</param>
/// <param name="Snapshot">Its name.</param>
/// <param name="StateSha256">Hash of the state in it.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Seconds">How long writing took, beside training.</param>
public sealed record SnapshotWritten(DateTimeOffset At, double Kimg, string Snapshot, string StateSha256, long Bytes, double Seconds) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"snapshot {Snapshot} written ({Bytes / 1048576.0:0.0} MiB in {Seconds:0.0} s)";
}

/// <summary>A snapshot could not be written; the earlier ones stand and training goes on.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Its image count.</param>
/// <param name="Snapshot">Its name.</param>
/// <param name="Reason">Why.</param>
public sealed record SnapshotFailed(DateTimeOffset At, double Kimg, string Snapshot, string Reason) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"snapshot {Snapshot} could not be written: {Reason}; training goes on, and what was written before stays";
}

/// <summary>A snapshot is damaged and was not used.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Its image count.</param>
/// <param name="Snapshot">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="UsedInstead">The snapshot used in its place; null where there was none.</param>
public sealed record SnapshotRefused(DateTimeOffset At, double Kimg, string Snapshot, string Reason, string? UsedInstead) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"snapshot {Snapshot} refused: {Reason}; " + (UsedInstead is null ? "there is no earlier one" : $"{UsedInstead} is used");
}

/// <summary>Retention deleted a snapshot.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The run's image count.</param>
/// <param name="Snapshot">Its name.</param>
public sealed record SnapshotDeleted(DateTimeOffset At, double Kimg, string Snapshot) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"snapshot {Snapshot} deleted";
}

/// <summary>An unreadable image was left out of the dataset.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The run's image count.</param>
/// <param name="Image">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record BadImageSkipped(DateTimeOffset At, double Kimg, string Image, string Reason) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"image {Image} skipped: {Reason}";
}

/// <summary>Gradients had values that are no numbers or infinite; they were replaced, as published.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The run's image count.</param>
/// <param name="Phase">The phase.</param>
/// <param name="NaNs">How many were no numbers.</param>
/// <param name="Infinities">How many were infinite.</param>
public sealed record NonFiniteGradients(DateTimeOffset At, double Kimg, string Phase, long NaNs, long Infinities) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"gradients of {Phase} had {NaNs} NaN and {Infinities} infinite values";
}

/// <summary>A metric of a snapshot is known.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The snapshot's image count.</param>
/// <param name="Metric">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Snapshot">The snapshot.</param>
public sealed record MetricMeasured(DateTimeOffset At, double Kimg, string Metric, double Value, string Snapshot) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"{Metric} of {Snapshot} is {Value:0.####}";
}

/// <summary>A metric of a snapshot could not be measured.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The snapshot's image count.</param>
/// <param name="Metric">Its name.</param>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Reason">Why.</param>
public sealed record MetricFailed(DateTimeOffset At, double Kimg, string Metric, string Snapshot, string Reason) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"{Metric} of {Snapshot} could not be measured: {Reason}";
}

/// <summary>Something about who works on the run: a generation began or ended, a worker was lost, evicted, disagreed.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">The run's image count, as far as the coordinator knew.</param>
/// <param name="Generation">The number of the last generation.</param>
/// <param name="Text">What happened.</param>
public sealed record FleetNoted(DateTimeOffset At, double Kimg, long Generation, string Text) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => Text;
}

/// <summary>The run stopped before its end.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Where.</param>
/// <param name="Reason">Why: the user's word, a signal, gradients that stayed non-finite.</param>
/// <param name="LastGood">The snapshot to go on from; null where there is none.</param>
public sealed record RunStopped(DateTimeOffset At, double Kimg, string Reason, string? LastGood) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"stopped: {Reason}" + (LastGood is null ? "" : $"; the last good snapshot is {LastGood}");
}

/// <summary>The run reached its length.</summary>
/// <param name="At">When.</param>
/// <param name="Kimg">Where.</param>
/// <param name="StateSha256">Hash of its last state.</param>
public sealed record RunFinished(DateTimeOffset At, double Kimg, string StateSha256) : RunEvent(At, Kimg)
{
    /// <inheritdoc/>
    public override string Describe() => $"finished; state {StateSha256}";
}
