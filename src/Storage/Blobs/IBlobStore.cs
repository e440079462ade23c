namespace Atelier.Storage.Blobs;

/// <summary>
/// Named byte strings that exist as a whole or not at all. Names are relative paths with forward slashes; see
/// <see cref="BlobName"/>.
/// </summary>
public interface IBlobStore
{
    /// <summary>Creates or replaces a blob; readers see the old content until all of the new is durable.</summary>
    /// <param name="write">Writes its content; if it throws, nothing has changed.</param>
    /// <param name="cancellationToken">Stops before the content takes its name.</param>
    Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken);

    /// <summary>Opens a blob, seekable.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names of the blobs that start with a prefix, in ordinal order.</summary>
    /// <param name="prefix">Empty, or a folder's name with the slash at its end.</param>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken);

    Task<bool> ExistsAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes a blob if it exists.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes what interrupted writes left behind. Only while nothing is written under the prefix.</summary>
    /// <param name="prefix">As in <see cref="ListAsync"/>.</param>
    Task SweepAsync(string prefix, CancellationToken cancellationToken);
}

/// <summary>Which names blobs may have: letters, digits, `.`, `_`, `-` in parts between slashes; no part begins with a dot.</summary>
public static class BlobName
{
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void Require(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsAllowed(name))
            throw new ArgumentException($"`{name}` is not a valid name for a blob.", nameof(name));
    }

    /// <summary>Checks a prefix: empty, or a name with a slash at its end.</summary>
    /// <exception cref="ArgumentException">It is not allowed.</exception>
    public static void RequirePrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && !(prefix[^1] == '/' && prefix[..^1].Split('/').All(IsPart)))
            throw new ArgumentException($"`{prefix}` is not a valid blob prefix.", nameof(prefix));
    }

    /// <summary>Whether a blob may have this name; a store that others write to as well may hold objects that no blob could be.</summary>
    internal static bool IsAllowed(string name) => name.Split('/').All(IsPart) && !name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal);

    private static bool IsPart(string part) =>
        part.Length > 0 && part[0] != '.' && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
