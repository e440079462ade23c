using System.Text.Json;

namespace Atelier.Storage.Snapshots;

/// <summary>What the writer of a slice tells whoever commits the snapshot.</summary>
/// <param name="Content">The snapshot, as the writer has it.</param>
/// <param name="Slice">The durable slice.</param>
public sealed record WrittenSlice(SnapshotContent Content, SnapshotSlice Slice)
{
    /// <summary>The note as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SnapshotJsonContext.Default.WrittenSlice);

    /// <summary>Reads a note.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <exception cref="SnapshotDamagedException">It is none.</exception>
    public static WrittenSlice FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.WrittenSlice) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or UserErrorException)
        {
            throw new SnapshotDamagedException($"a slice's note cannot be read ({error.Message})", error);
        }
    }
}
