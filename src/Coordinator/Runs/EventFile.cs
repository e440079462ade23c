using Atelier.Storage.Blobs;

namespace Atelier.Coordinator.Runs;

/// <summary>Writes a run's events into `events.jsonl` in its folder, where the store is one; what fails here never stops a run.</summary>
internal static class EventFile
{
    private const string Name = "events.jsonl";

    /// <summary>Appends a line.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="line">The line, without its end.</param>
    public static void Append(string store, string line)
    {
        if (StoreLocation.Parse(store) is not StoreLocation.Folder folder) return;
        try
        {
            Directory.CreateDirectory(folder.Path);
            using var file = new FileStream(Path.Combine(folder.Path, Name), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The grain has the event too; who watches sees it.
        }
    }
}
