using Atelier.Coordinator.Runs;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Snapshots;
using Atelier.Storage.Snapshots;
using SnapshotSlice = Atelier.Core.Fleet.Snapshots.SnapshotSlice;

namespace Atelier.Coordinator.Snapshots;

/// <summary>A snapshot whose slices are being written, and what its writers have told so far.</summary>
internal sealed class PendingSnapshot(SnapshotNumber number, StateVersion version, IReadOnlyList<GenerationMember> writers, DateTimeOffset now)
{
    private readonly Dictionary<string, WrittenSlice> _written = [];
    private readonly HashSet<string> _begun = [];

    /// <summary>Its number.</summary>
    public SnapshotNumber Number { get; } = number;

    /// <summary>How far it is.</summary>
    public SnapshotAttempt Attempt { get; private set; } = new(
        number.Value, version, [.. writers.Select(writer => new SnapshotSlice(writer.Worker, writer.Incarnation))], now);

    /// <summary>The span of the slice that was told of first; empty for none.</summary>
    public string Trace { get; private set; } = "";

    /// <summary>When it began.</summary>
    public DateTimeOffset BegunAt { get; } = now;

    /// <summary>Takes a writer's word in.</summary>
    /// <returns>Whether it was its last one about the attempt.</returns>
    public bool Observe(SliceNote note)
    {
        _begun.Add(note.Worker);
        if (Trace.Length == 0) Trace = note.Trace ?? "";
        if (note.Error.Length == 0 && note.Json.Length == 0) return false;
        var slice = note.Error.Length > 0
            ? new SnapshotSlice(new(note.Worker), note.Incarnation, SliceStatus.Failed, Error: note.Error)
            : new SnapshotSlice(new(note.Worker), note.Incarnation, SliceStatus.Durable, note.SizeBytes, note.Sha256, note.StateSha256);
        if (note.Error.Length == 0)
        {
            try
            {
                _written[note.Worker] = WrittenSlice.FromJson(note.Json);
            }
            catch (SnapshotDamagedException error)
            {
                slice = slice with { Status = SliceStatus.Failed, Error = error.Message };
            }
        }

        Attempt = Attempt.Observe(note.Attempt, slice);
        return true;
    }

    /// <summary>A writer that was halted before it reached the state, and will not write it any more; null for none.</summary>
    /// <param name="running">The generation that runs now.</param>
    public WorkerId? Overtaken(GenerationId running) => Number.Generation < running && !Number.IsSave
        ? Attempt.Slices.FirstOrDefault(slice => slice.Status == SliceStatus.Pending && !_begun.Contains(slice.Writer.Value))?.Writer
        : null;

    /// <summary>Writes the manifest: from here on the snapshot exists.</summary>
    /// <param name="store">The run's snapshots.</param>
    public Task<SnapshotManifest> CommitAsync(SnapshotStore store)
    {
        var slices = Attempt.Slices.Select(slice => _written[slice.Writer.Value]).ToList();
        return store.Begin(slices[0].Content, Number.FileTag).CommitAsync(slices.Select(slice => slice.Slice), CancellationToken.None);
    }

    /// <summary>Deletes what was written; what is left is deleted at the run's next start.</summary>
    /// <param name="store">The run's snapshots.</param>
    public async Task AbandonAsync(SnapshotStore store)
    {
        if (_written.Values.FirstOrDefault() is not { } slice) return;
        try
        {
            await store.Begin(slice.Content, Number.FileTag).AbandonAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The store fails altogether, and the attempt has said so already.
        }
    }
}
