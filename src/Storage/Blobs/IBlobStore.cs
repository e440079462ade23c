namespace Atelier.Storage.Blobs;

/// <summary>
/// Named byte strings that are there wholly or not at all. Names are relative paths with forward slashes; see
/// <see cref="BlobName"/>.
/// </summary>
public interface IBlobStore
{
    /// <summary>Creates or replaces a blob; readers see the old content until all of the new is durable.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Writes its content; if it throws, nothing has changed.</param>
    /// <param name="cancellationToken">Stops before the content takes its name.</param>
    Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken);

    /// <summary>Opens a blob, seekable.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Stops opening.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names of the blobs that start with a prefix, in ordinal order.</summary>
    /// <param name="prefix">Empty, or a folder's name with the slash at its end.</param>
    /// <param name="cancellationToken">Stops listing.</param>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Whether a blob is there.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    Task<bool> ExistsAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes a blob; nothing happens if there is none.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Stops before deleting.</param>
    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes what interrupted puts left behind. Only while nobody puts under the prefix.</summary>
    /// <param name="prefix">As in <see cref="ListAsync"/>.</param>
    /// <param name="cancellationToken">Stops sweeping.</param>
    Task SweepAsync(string prefix, CancellationToken cancellationToken);
}
