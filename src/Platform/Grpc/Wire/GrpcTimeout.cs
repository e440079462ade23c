namespace Grpc.Wire;

/// <summary>The header <c>grpc-timeout</c>: at most eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    public const string Header = "grpc-timeout";

    private const long MostValue = 99_999_999;

    private static readonly (char Unit, long Ticks)[] CoarserUnits =
    [
        ('u', TimeSpan.TicksPerMicrosecond),
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>The finest unit that holds it, rounded up, so that the server never gives up before the client.</summary>
    public static string Encode(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero) return "1n";
        foreach (var (unit, ticks) in CoarserUnits)
        {
            var value = (timeout.Ticks / ticks) + (timeout.Ticks % ticks > 0 ? 1 : 0);
            if (value <= MostValue) return $"{value}{unit}";
        }
        return $"{MostValue}H";
    }

    /// <summary>The time that a header gives; null if it is not one.</summary>
    public static TimeSpan? Decode(string? header)
    {
        if (header is not { Length: >= 2 and <= 9 }) return null;
        long value = 0;
        foreach (var digit in header.AsSpan(0, header.Length - 1))
        {
            if (!char.IsAsciiDigit(digit)) return null;
            value = (value * 10) + (digit - '0');
        }
        if (header[^1] == 'n') return new TimeSpan((value + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
        foreach (var (unit, ticks) in CoarserUnits)
        {
            if (unit == header[^1]) return value > TimeSpan.MaxValue.Ticks / ticks ? TimeSpan.MaxValue : new TimeSpan(value * ticks);
        }
        return null;
    }
}
