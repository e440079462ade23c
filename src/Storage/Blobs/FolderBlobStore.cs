namespace Atelier.Storage.Blobs;

/// <summary>
/// Blobs as files under a folder, on a local or shared file system. Input and output happen on the calling thread: call it
/// from one that may block.
/// </summary>
/// <param name="root">The folder; created when the first blob is put.</param>
public sealed class FolderBlobStore(string root) : IBlobStore
{
    private readonly string _root = Path.GetFullPath(root);

    public async Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        try
        {
            await AtomicFile.WriteAsync(path, write, cancellationToken);
        }
        catch
        {
            DeleteEmptyFolders(Path.GetDirectoryName(path)!);
            throw;
        }
    }

    public Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        try
        {
            // Others may delete or replace the file while it is read; this reader keeps what it opened.
            return Task.FromResult<Stream>(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (DirectoryNotFoundException error)
        {
            throw new FileNotFoundException(error.Message, path, error);
        }
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([.. Files(prefix).Where(name => !IsUnfinished(name)).Order(StringComparer.Ordinal)]);

    public Task<bool> ExistsAsync(string name, CancellationToken cancellationToken) => Task.FromResult(File.Exists(PathOf(name)));

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        if (File.Exists(path)) File.Delete(path);
        DeleteEmptyFolders(Path.GetDirectoryName(path)!);
        return Task.CompletedTask;
    }

    public Task SweepAsync(string prefix, CancellationToken cancellationToken)
    {
        foreach (var name in Files(prefix).Where(IsUnfinished).ToList())
        {
            var path = Path.Combine(_root, name);
            File.Delete(path);
            DeleteEmptyFolders(Path.GetDirectoryName(path)!);
        }

        return Task.CompletedTask;
    }

    private static bool IsUnfinished(string name) => name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal);

    private string PathOf(string name)
    {
        BlobName.Require(name);
        return Path.Combine(_root, name);
    }

    private IEnumerable<string> Files(string prefix)
    {
        BlobName.RequirePrefix(prefix);
        var folder = Path.Combine(_root, prefix);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_root, path).Replace('\\', '/'))
            : [];
    }

    private void DeleteEmptyFolders(string folder)
    {
        while (folder.Length > _root.Length && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder)!;
        }
    }
}
