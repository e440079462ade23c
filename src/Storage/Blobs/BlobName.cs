namespace Atelier.Storage.Blobs;

/// <summary>Which names blobs may have: letters, digits, `.`, `_`, `-` in parts between slashes; no part begins with a dot.</summary>
public static class BlobName
{
    /// <summary>Checks a blob's name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void Require(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsAllowed(name))
            throw new ArgumentException($"`{name}` is no name for a blob.", nameof(name));
    }

    /// <summary>Checks a prefix: empty, or a name with a slash at its end.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void RequirePrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && !(prefix[^1] == '/' && prefix[..^1].Split('/').All(IsPart)))
            throw new ArgumentException($"`{prefix}` is no prefix of blobs.", nameof(prefix));
    }

    /// <summary>Whether a blob may have this name; a store that others write to as well may hold objects that no blob could be.</summary>
    internal static bool IsAllowed(string name) => name.Split('/').All(IsPart) && !name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal);

    private static bool IsPart(string part) =>
        part.Length > 0 && part[0] != '.' && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
