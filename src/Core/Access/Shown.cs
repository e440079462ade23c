namespace Atelier.Core.Access;

/// <summary>What a stranger sent, made fit for one line of a message or log: no control characters, no endless text.</summary>
internal static class Shown
{
    private const int MaxLength = 100;

    public static string Of(string text)
    {
        var visible = new string([.. text.Take(MaxLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > MaxLength ? visible + "…" : visible;
    }
}
