namespace Atelier.Core.Access;

/// <summary>Paths that remote callers name: they stay below a folder that the operator chose.</summary>
public static class RunPath
{
    /// <summary>The full path of something below a folder.</summary>
    /// <param name="root">The operator's folder; links in its own path are followed.</param>
    /// <param name="path">What the caller named, relative to it, with forward slashes.</param>
    /// <exception cref="UserErrorException">It leads outside, by `..`, by being absolute or through a link.</exception>
    public static string Inside(string root, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.Split('/');
        if (parts.Any(part => part is "" or "." or "..") || path.Any(c => char.IsControl(c) || c == '\\'))
            throw new UserErrorException($"`{PrintableText.Of(path)}` must be a path below the folder that holds data and runs here: relative, with `/`, without `..`");
        var full = Path.GetFullPath(root);
        foreach (var part in parts)
        {
            full = Path.Combine(full, part);
            // A link below the root could point anywhere, and what it points to may change after this look.
            if (new FileInfo(full).LinkTarget is not null)
                throw new UserErrorException($"`{PrintableText.Of(path)}` leads through a link, {part}; name the place that it points to, or have it copied there");
        }

        return full;
    }
}

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
