using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atelier.Core.Runs;

/// <summary>
/// Everything outside the spec that decides the bits of a computation. Two runs of one spec and seed have one trajectory
/// under equal fingerprints; resuming under another one needs the user's word.
/// </summary>
public sealed record NumericsFingerprint
{
    /// <summary>
    /// Version of Atelier's own numerics: raised by every change to formulas, orders of sums or random keys that changes
    /// bits.
    /// </summary>
    public const int CurrentVersion = 1;

    /// <summary>Version of Atelier's numerics.</summary>
    [JsonRequired]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of libtorch.</summary>
    [JsonRequired]
    public string Libtorch { get; init; } = "";

    /// <summary>Version of oneDNN.</summary>
    [JsonRequired]
    public string OneDnn { get; init; } = "";

    /// <summary>The BLAS library and its configuration.</summary>
    [JsonRequired]
    public string Blas { get; init; } = "";

    /// <summary>The C library, for its mathematical functions.</summary>
    [JsonRequired]
    public string Libc { get; init; } = "";

    /// <summary>The instruction set of the CPU that kernels are chosen by, or the GPU.</summary>
    [JsonRequired]
    public string Device { get; init; } = "";

    /// <summary>Threads inside a shard's computation.</summary>
    [JsonRequired]
    public int Threads { get; init; } = 1;

    /// <summary>Whether matrix products may round to TF32.</summary>
    [JsonRequired]
    public bool Tf32 { get; init; }

    /// <summary>The fields that differ, in words with both values; empty for equal fingerprints.</summary>
    /// <param name="now">The other fingerprint: the one at hand, where this one is a run's.</param>
    public IReadOnlyList<string> DifferencesTo(NumericsFingerprint now)
    {
        ArgumentNullException.ThrowIfNull(now);
        return
        [
            .. Difference("Atelier's numerics", Version, now.Version),
            .. Difference("libtorch", Libtorch, now.Libtorch),
            .. Difference("oneDNN", OneDnn, now.OneDnn),
            .. Difference("BLAS", Blas, now.Blas),
            .. Difference("libc", Libc, now.Libc),
            .. Difference("device", Device, now.Device),
            .. Difference("threads", Threads, now.Threads),
            .. Difference("TF32", Tf32, now.Tf32),
        ];

        static IEnumerable<string> Difference<T>(string name, T then, T now) =>
            EqualityComparer<T>.Default.Equals(then, now) ? [] : [$"{name} was {then} and is {now}"];
    }

    /// <summary>SHA-256 of the fingerprint, in hexadecimal: workers of one run have equal ones.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>The fingerprint as a JSON object.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunsJsonContext.Default.NumericsFingerprint);

    /// <summary>Reads a fingerprint.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="UserErrorException">It is no fingerprint.</exception>
    public static NumericsFingerprint FromJson(string json, string source)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RunsJsonContext.Default.NumericsFingerprint) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{source} is no numerics fingerprint: {error.Message}", error);
        }
    }
}
