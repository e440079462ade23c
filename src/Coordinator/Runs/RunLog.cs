using Atelier.Storage.Blobs;

namespace Atelier.Coordinator.Runs;

/// <summary>Writes lines into files of a run's folder, where the store is one; what fails here never stops a run.</summary>
internal static class RunLog
{
    /// <summary>The file of events.</summary>
    public const string Events = "events.jsonl";

    /// <summary>The file of a metric's values.</summary>
    /// <param name="metric">The metric.</param>
    public static string Metric(string metric) => $"metric-{metric}.jsonl";

    /// <summary>Appends a line.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="name">The file.</param>
    /// <param name="line">The line, without its end.</param>
    public static void Append(string store, string name, string line)
    {
        if (StoreLocation.Parse(store) is not StoreLocation.Folder folder) return;
        try
        {
            Directory.CreateDirectory(folder.Path);
            using var file = new FileStream(Path.Combine(folder.Path, name), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The grain has the event too; who watches sees it.
        }
    }
}
