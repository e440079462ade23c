using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atelier.Core.Fleet;

/// <summary>The name of a worker. In JSON it is its text.</summary>
[JsonConverter(typeof(Json))]
public sealed record WorkerId
{
    /// <param name="value">As <see cref="FleetName.IsValid"/> has it.</param>
    /// <exception cref="UserErrorException">It is not a valid name.</exception>
    public WorkerId(string value) => Value = FleetName.Checked("worker", value);

    public string Value { get; }

    public override string ToString() => Value;

    internal sealed class Json : JsonConverter<WorkerId>
    {
        public override WorkerId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, WorkerId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}

/// <summary>
/// Finds entries of long lists by their worker. The lists of a state never change, so each gets its index once, when it is
/// searched first, and keeps it for as long as it lives: a decision about a thousand workers searches a thousand times.
/// </summary>
internal static class ByWorker<T> where T : class
{
    /// <summary>Shorter lists are searched as they are.</summary>
    private const int ShortList = 16;

    private static readonly ConditionalWeakTable<IReadOnlyList<T>, Dictionary<WorkerId, T>> Indexes = [];

    /// <summary>The first entry of a worker; null for none.</summary>
    public static T? Find(IReadOnlyList<T> list, WorkerId worker, Func<T, WorkerId> workerOf) => list.Count < ShortList
        ? list.FirstOrDefault(entry => workerOf(entry) == worker)
        : Indexes.GetValue(list, entries => entries.DistinctBy(workerOf).ToDictionary(workerOf)).GetValueOrDefault(worker);
}

/// <summary>What a worker says of itself when it attaches.</summary>
/// <param name="Numerics">Digest of its numerics fingerprint. Workers of one run have equal ones, or their bits would differ.</param>
/// <param name="Device">The device, for people.</param>
/// <param name="PeerAddress">Where other workers reach it.</param>
/// <param name="Host">The machine; workers of one host may share memory.</param>
/// <param name="IsEvaluator">Whether it computes evaluations only, and no run's steps.</param>
/// <param name="OnlyRun">The one run that it serves; null for any.</param>
public sealed record WorkerCapabilities(
    int ProtocolVersion, string Numerics, string Device, long MemoryBytes, string PeerAddress, string Host, bool IsEvaluator = false, string? OnlyRun = null);

/// <summary>A worker counts as alive until its lease runs out; every message from it renews the lease.</summary>
/// <param name="Until">The first moment at which it is lost.</param>
public readonly record struct Lease(DateTimeOffset Until)
{
    /// <summary>How long a worker may be silent, by default.</summary>
    public static readonly TimeSpan DefaultLength = TimeSpan.FromSeconds(10);

    public bool IsHeldAt(DateTimeOffset now) => now < Until;
}

/// <summary>A worker's place in a generation; ranges of shards follow the ranks.</summary>
/// <param name="Index">From 0 up to, not including, the number of workers.</param>
public readonly record struct Rank(int Index)
{
    public override string ToString() => $"rank {Index}";
}
