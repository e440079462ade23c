using Atelier.Core;

namespace Atelier.Worker.Runs;

/// <summary>Keeps two processes from training in one folder.</summary>
public sealed class RunLock : IDisposable
{
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the folder, creating it if need be.</summary>
    /// <exception cref="UserErrorException">Another process trains here, or the folder cannot be written.</exception>
    public static RunLock Take(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            Directory.CreateDirectory(folder.Path);
            return new RunLock(new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UserErrorException($"the folder {folder.Path} cannot be written: {e.Message}", e);
        }
        catch (IOException e) when (File.Exists(folder.Lock))
        {
            throw new UserErrorException($"another process is training in {folder.Path}; wait for it or stop it, or use another --out", e);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"the folder {folder.Path} cannot be used: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
