using System.Text;
using Atelier.Storage.Interop;

namespace Atelier.Storage;

/// <summary>
/// Replaces files so that a reader, also after a crash, finds the whole old or the whole new content: the new file is written
/// to a temporary name, synced and renamed over the old one, and the directory is synced.
/// </summary>
public static class AtomicFile
{
    /// <summary>Suffix of files that are being written; one that outlives its writer can be deleted.</summary>
    public const string UnfinishedSuffix = ".tmp";

    private const int BufferBytes = 1 << 20;

    /// <summary>Replaces a file, creating its directory where it is missing.</summary>
    /// <param name="write">Writes its content. If it throws, the old file stands and nothing is left behind.</param>
    /// <param name="cancellationToken">Stops before the file takes its name.</param>
    public static async Task WriteAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CreateDurably(directory);
        var unfinished = $"{path}.{Guid.NewGuid():N}{UnfinishedSuffix}";
        try
        {
            var file = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
            await using (file)
            {
                await write(file, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        DirectorySync.Sync(directory);
    }

    /// <summary>Renames a file that was written and synced, replacing another.</summary>
    /// <param name="unfinished">The file, in the same directory.</param>
    public static void Publish(string unfinished, string path)
    {
        File.Move(unfinished, path, overwrite: true);
        DirectorySync.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Replaces a file by text in UTF-8 without a byte-order mark.</summary>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    public static void WriteAllBytes(string path, byte[] content) =>
        WriteAsync(
            path,
            (stream, _) =>
            {
                stream.Write(content);
                return Task.CompletedTask;
            },
            CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Creates missing directories, each of them synced into its parent.</summary>
    private static void CreateDurably(string directory)
    {
        if (Directory.Exists(directory)) return;
        var parent = Path.GetDirectoryName(directory);
        if (parent is not null) CreateDurably(parent);
        Directory.CreateDirectory(directory);
        if (parent is not null) DirectorySync.Sync(parent);
    }
}

/// <summary>Distinguishes a full disk from other failures of writing.</summary>
public static class DiskFull
{
    // ENOSPC and EDQUOT of Linux, which the class library leaves in HResult.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>Whether an exception is about a full disk or a used-up quota.</summary>
    public static bool Is(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.HResult is NoSpace or QuotaExceeded;
    }
}
