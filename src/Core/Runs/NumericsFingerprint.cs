using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atelier.Core.Runs;

/// <summary>
/// Everything outside the spec that decides the bits of a computation. Two runs of one spec and seed have one trajectory
/// under equal fingerprints; resuming under another one needs the user's consent. On CPUs neither the processor nor the
/// operating system nor the C library is part of it: kernels sum in one fixed order whatever width the machine's vectors have.
/// </summary>
public sealed record NumericsFingerprint
{
    /// <summary>
    /// Version of Atelier's own numerics: raised by every change to formulas, orders of sums or random keys that changes
    /// bits. Version 1 depended on the processor, oneDNN, BLAS and the C library; its records have these in fields that are
    /// no longer read, and in <see cref="Device"/> the instruction set.
    /// </summary>
    public const int CurrentVersion = 2;

    private const int FirstWithDeviceKind = 2;

    [JsonRequired]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of libtorch, as in `2.10.0`.</summary>
    [JsonRequired]
    public string Libtorch { get; init; } = "";

    /// <summary>Kind of device: `cpu` or `cuda`.</summary>
    [JsonRequired]
    public string Device { get; init; } = "";

    /// <summary>Threads of libtorch, which cuts its sums by them: 1 beside kernels, whatever the run's threads are.</summary>
    [JsonRequired]
    public int Threads { get; init; } = 1;

    /// <summary>Whether matrix products may round to TF32.</summary>
    [JsonRequired]
    public bool Tf32 { get; init; }

    /// <summary>The fields that differ, each as a clause with both values; empty for equal fingerprints.</summary>
    /// <param name="now">The fingerprint of this process, where this one is a run's.</param>
    public IReadOnlyList<string> DifferencesTo(NumericsFingerprint now)
    {
        ArgumentNullException.ThrowIfNull(now);
        return
        [
            .. Version == now.Version ? [] : new[] { $"the run has numerics version {Version}, but this is numerics version {now.Version}" },
            .. Difference("libtorch", Libtorch, now.Libtorch),
            // An instruction set and a kind of device do not compare.
            .. Version < FirstWithDeviceKind || now.Version < FirstWithDeviceKind ? [] : Difference("device", Device, now.Device),
            .. Difference("libtorch's threads", Threads, now.Threads),
            .. Difference("TF32", Tf32, now.Tf32),
        ];

        static IEnumerable<string> Difference<T>(string name, T then, T now) =>
            EqualityComparer<T>.Default.Equals(then, now) ? [] : [$"{name} was {then} and is {now}"];
    }

    /// <summary>SHA-256 of the fingerprint, in hexadecimal: workers of one run have equal ones.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    public string ToJson() => JsonSerializer.Serialize(this, RunsJsonContext.Default.NumericsFingerprint);

    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is not a fingerprint.</exception>
    public static NumericsFingerprint FromJson(string json, string source)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RunsJsonContext.Default.NumericsFingerprint) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{source} is not a numerics fingerprint: {error.Message}", error);
        }
    }
}
