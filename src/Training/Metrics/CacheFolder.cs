namespace Atelier.Training.Metrics;

/// <summary>The user's cache folder, by the XDG convention.</summary>
internal static class CacheFolder
{
    /// <summary><c>$XDG_CACHE_HOME/atelier</c>, or <c>~/.cache/atelier</c>.</summary>
    public static string Path => System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home
            ? home
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "atelier");
}
