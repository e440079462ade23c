namespace Atelier.Core;

/// <summary>Untrusted text in a form that fits one line of a message or log: without control characters, and shortened.</summary>
internal static class PrintableText
{
    private const int MaxLength = 100;

    public static string Of(string text)
    {
        var visible = new string([.. text.Take(MaxLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > MaxLength ? visible + "…" : visible;
    }
}

/// <summary>Numbers of things in messages.</summary>
public static class Counted
{
    /// <summary>A number with its noun: `1 worker`, `2 workers`.</summary>
    /// <param name="count">How many.</param>
    /// <param name="what">One of them.</param>
    public static string Of(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}

/// <summary>Clocks that do not agree. Nothing is decided by comparing clocks of machines; times in logs and certificates' validity suffer.</summary>
public static class ClockText
{
    /// <summary>What requests take on a bad day is no difference.</summary>
    private static readonly TimeSpan Notable = TimeSpan.FromSeconds(10);

    /// <summary>A warning; null where this machine's clock agrees with another's.</summary>
    /// <param name="own">What time it is here.</param>
    /// <param name="theirs">What time it is there.</param>
    /// <param name="whose">Whose clock that is: `the coordinator`.</param>
    public static string? Warning(DateTimeOffset own, DateTimeOffset theirs, string whose)
    {
        var ahead = own - theirs;
        return ahead.Duration() < Notable
            ? null
            : $"warning: this machine's clock is {Counted.Of((long)ahead.Duration().TotalSeconds, "second")} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} that of {whose}; training does not depend on it, but logs and certificates do: correct it";
    }
}
