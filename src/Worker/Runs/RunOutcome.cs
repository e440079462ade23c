using Atelier.Core;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>How a run ended, for its summary.</summary>
/// <param name="End">Why it ended.</param>
/// <param name="Images">Images shown in all.</param>
/// <param name="ShownNow">Images shown by this process.</param>
/// <param name="Trained">Time that this process trained.</param>
/// <param name="DataWait">Time of it spent waiting for images.</param>
/// <param name="SnapshotStall">Time of it spent copying states for snapshots and waiting for earlier ones; null where other processes trained.</param>
/// <param name="IsDurable">Whether the last snapshot that was begun is on disk; false after a full disk.</param>
/// <param name="StateSha256">Hash of the last state.</param>
/// <param name="Files">What to look at, with its path.</param>
public sealed record RunOutcome(
    LoopEnd End, ImageCount Images, long ShownNow, TimeSpan Trained, TimeSpan DataWait, TimeSpan? SnapshotStall, bool IsDurable, string StateSha256,
    IReadOnlyList<(string What, string Path)> Files)
{
    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => ShownNow / Math.Max(Trained.TotalSeconds, 1e-9);

    /// <summary>Share of the time spent waiting for images.</summary>
    public double DataWaitShare => DataWait / Longest;

    /// <summary>Share of the time that snapshots took from training.</summary>
    public double? SnapshotStallShare => SnapshotStall / Longest;

    private TimeSpan Longest => Trained > TimeSpan.Zero ? Trained : TimeSpan.FromTicks(1);
}
