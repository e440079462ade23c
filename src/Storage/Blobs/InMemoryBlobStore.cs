using System.Collections.Concurrent;

namespace Atelier.Storage.Blobs;

/// <summary>Blobs in memory: for runs that leave nothing behind, and for tests.</summary>
public sealed class InMemoryBlobStore : IBlobStore
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);

    public async Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        BlobName.Require(name);
        using var buffer = new MemoryStream();
        await write(buffer, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        _blobs[name] = buffer.ToArray();
    }

    public Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        return _blobs.TryGetValue(name, out var bytes)
            ? Task.FromResult<Stream>(new MemoryStream(bytes, writable: false))
            : throw new FileNotFoundException($"No blob named {name}.", name);
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        BlobName.RequirePrefix(prefix);
        return Task.FromResult<IReadOnlyList<string>>(
            [.. _blobs.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)]);
    }

    public Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        return Task.FromResult(_blobs.ContainsKey(name));
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        _blobs.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    /// <summary>Nothing to do: an interrupted put leaves nothing.</summary>
    /// <param name="prefix">As in <see cref="IBlobStore.ListAsync"/>.</param>
    public Task SweepAsync(string prefix, CancellationToken cancellationToken)
    {
        BlobName.RequirePrefix(prefix);
        return Task.CompletedTask;
    }
}
