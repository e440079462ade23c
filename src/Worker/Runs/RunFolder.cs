using Atelier.Core;
using Atelier.Core.Runs;

namespace Atelier.Worker.Runs;

/// <summary>Where a run keeps what; the names are the published trainers' where they have one.</summary>
/// <param name="Path">The run's folder.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>The spec and the run's record.</summary>
    public string Record => In("run.json");

    /// <summary>One line a tick.</summary>
    public string Stats => In(RunFileNames.Stats);

    /// <summary>One line an event.</summary>
    public string Events => In(RunFileNames.Events);

    /// <summary>What <c>train</c> showed, with times.</summary>
    public string Text => In("log.txt");

    /// <summary>One line for each that workers and coordinators said; of a run on a coordinator.</summary>
    public string Log => In("log.jsonl");

    /// <summary>A grid of real images.</summary>
    public string Reals => In(RunFileNames.Reals);

    /// <summary>The sample grid before training.</summary>
    public string InitialFakes => In(RunFileNames.InitialFakes);

    /// <summary>The sample grids.</summary>
    public string Samples => In(RunFileNames.Samples);

    /// <summary>Loss curves, drawn at every snapshot.</summary>
    public string Curves => In("curves.png");

    /// <summary>Sample grids over time, drawn at every snapshot.</summary>
    public string Strip => In("progress.png");

    /// <summary>The snapshots.</summary>
    public string Snapshots => In("snapshots");

    /// <summary>A link to the best snapshot by the first metric.</summary>
    public string Best => In(Storage.Snapshots.BestSnapshot.LinkName);

    /// <summary>Held open while a process trains here.</summary>
    public string Lock => In(".lock");

    /// <summary>A picture, by its name in <see cref="RunFileNames"/>.</summary>
    public string Picture(string name) => In(name);

    /// <summary>One line a value of a metric: <c>metric-fid50k_full.jsonl</c>.</summary>
    public string Metric(string name) => In(RunFileNames.Metric(name));

    /// <summary>What the run is called in pictures: the folder's name.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    /// <summary>The files of all metrics that were measured, by name.</summary>
    public IReadOnlyList<(string Name, string File)> AllMetrics() =>
        [.. Directory.GetFiles(Path).Order(StringComparer.Ordinal).Select(file => (Name: RunFileNames.MetricOf(System.IO.Path.GetFileName(file)), File: file)).Where(found => found.Name is not null).Select(found => (found.Name!, found.File))];

    /// <summary>All sample grids, oldest first, with their image counts; that of before training first.</summary>
    public IReadOnlyList<(ImageCount At, string File)> AllFakes()
    {
        var found = new Dictionary<ImageCount, string>();
        // Runs of earlier versions have theirs in the folder itself.
        foreach (var file in Directory.GetFiles(Path, "fakes*.png").Concat(Directory.Exists(Samples) ? Directory.GetFiles(Samples, "fakes*.png") : []))
        {
            if (RunFileNames.ImagesOfFakes(file) is { } at)
                found[at] = file;
        }
        if (File.Exists(InitialFakes))
            found[ImageCount.Zero] = InitialFakes;
        return [.. found.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value))];
    }

    /// <summary>Deletes what a process that was killed had begun to write here. Only while nobody else writes.</summary>
    public void DeleteUnfinished()
    {
        foreach (var folder in new[] { Path, Samples }.Where(Directory.Exists))
        {
            foreach (var file in Directory.GetFiles(folder, $"*{Storage.AtomicFile.UnfinishedSuffix}"))
                File.Delete(file);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}

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
            throw new UserErrorException($"cannot write to the folder {folder.Path}: {e.Message}", e);
        }
        catch (IOException e) when (File.Exists(folder.Lock))
        {
            throw new UserErrorException($"another process is training in {folder.Path}; wait for it to finish, stop it, or choose another --out", e);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"cannot use the folder {folder.Path}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>
/// Writes the files that describe a run: events, ticks, pictures. One that cannot be written (a full disk) is told to the
/// display, and must not end the run that it describes. Safe from any thread.
/// </summary>
/// <param name="display">Told of what could not be written.</param>
public sealed class RunFiles(IRunDisplay display)
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
    public bool Write(string path, byte[] content) => Try(path, () =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Storage.AtomicFile.WriteAllBytes(path, content);
    });

    /// <summary>Writes something that the display is told of where it cannot be written.</summary>
    /// <param name="path">What to call it.</param>
    /// <param name="write">Writes it.</param>
    /// <returns>Whether it was written.</returns>
    public bool Try(string path, Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            display.Say($"could not write {Path.GetFileName(path)}: {e.Message}");
            return false;
        }
    }
}

/// <summary>Appends events to <c>events.jsonl</c>, from any thread, and tells the display those that a person should see.</summary>
public sealed class EventLog(RunFolder folder, RunFiles notes, IRunDisplay display)
{
    /// <summary>Records an event.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="show">Whether the display is told.</param>
    public void Add(RunEvent happened, bool show = true)
    {
        ArgumentNullException.ThrowIfNull(happened);
        notes.Append(folder.Events, happened.ToJson());
        if (show)
            display.Say(happened.Describe());
    }
}
