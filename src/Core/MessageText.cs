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
