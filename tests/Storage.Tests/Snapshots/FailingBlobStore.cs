using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Snapshots;

/// <summary>A store whose disk has room for so many more bytes; what it says when full is what Linux says.</summary>
internal sealed class FailingBlobStore(IBlobStore inner, long room) : IBlobStore
{
    /// <summary>errno ENOSPC.</summary>
    public const int NoSpace = 28;

    private long _room = room;

    /// <summary>Fails after the blob took its name, as a file system may that cannot sync a directory.</summary>
    public Predicate<string> FailAfterPut { get; init; } = _ => false;

    public async Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        await inner.PutAsync(
            name,
            async (stream, token) =>
            {
                using var buffer = new MemoryStream();
                await write(buffer, token);
                if ((_room -= buffer.Length) < 0) throw new IOException("No space left on device", NoSpace);
                await stream.WriteAsync(buffer.ToArray(), token);
            },
            cancellationToken);
        if (FailAfterPut(name)) throw new IOException("Input/output error");
    }

    /// <summary>What cannot be read at the moment, as when a network file system is away.</summary>
    public Predicate<string> CannotRead { get; set; } = _ => false;

    public Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken) =>
        CannotRead(name) ? throw new IOException("Stale file handle") : inner.OpenReadAsync(name, cancellationToken);

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public Task<bool> ExistsAsync(string name, CancellationToken cancellationToken) => inner.ExistsAsync(name, cancellationToken);

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public Task SweepAsync(string prefix, CancellationToken cancellationToken) => inner.SweepAsync(prefix, cancellationToken);
}
