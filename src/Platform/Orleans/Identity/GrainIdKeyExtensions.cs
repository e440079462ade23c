using System.Globalization;

namespace Orleans.Runtime;

/// <summary>Keys of grains as values: a GUID is written as 32 hexadecimal digits, an integer in hexadecimal.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>The key as a GUID.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Guid GetGuidKey(this GrainId grainId) =>
        Guid.TryParseExact(grainId.Key.ToString(), "N", out var key) ? key : throw new ArgumentException($"The key of {grainId} is no GUID.", nameof(grainId));

    /// <summary>The key as an integer.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static long GetIntegerKey(this GrainId grainId) =>
        long.TryParse(grainId.Key.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var key)
            ? key
            : throw new ArgumentException($"The key of {grainId} is no integer.", nameof(grainId));

    /// <summary>The key that a GUID makes.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N"));

    /// <summary>The key that an integer makes.</summary>
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));
}
