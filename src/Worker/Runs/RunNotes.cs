namespace Atelier.Worker.Runs;

/// <summary>
/// Writes the files that describe a run: events, ticks, pictures. One that cannot be written (a full disk) is told to the
/// display, and must not end the run that it describes. Safe from any thread.
/// </summary>
/// <param name="display">Told of what could not be written.</param>
public sealed class RunNotes(IRunDisplay display)
{
    private readonly Lock _gate = new();

    /// <summary>Adds a line to a file: the whole line or nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="line">The line, without its end.</param>
    public void Append(string path, string line)
    {
        lock (_gate)
        {
            Try(path, () =>
            {
                // Unbuffered: what fits on a full disk is known when Write returns, and can be taken back.
                using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
                long before = file.Length;
                try
                {
                    file.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
                }
                catch (IOException)
                {
                    file.SetLength(before);
                    throw;
                }
            });
        }
    }

    /// <summary>Replaces a file in one atomic step, so that a run that is killed leaves no half picture to the next start.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its content.</param>
    /// <returns>Whether it was written.</returns>
    public bool Write(string path, byte[] content) => Try(path, () => Storage.AtomicFile.WriteAllBytes(path, content));

    private bool Try(string path, Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            display.Say($"{Path.GetFileName(path)} could not be written: {e.Message}");
            return false;
        }
    }
}
