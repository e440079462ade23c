using System.Text;
using Atelier.Core.Runs;
using Atelier.Dashboard.Curves;
using Atelier.Storage.Snapshots;
using Atelier.Storage.Blobs;

namespace Atelier.Dashboard.Sources;

/// <summary>A metric of a run over time.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Points">Along the run, rising in kimg: values of a branch that was left behind are not among them.</param>
public sealed record MetricCurve(string Metric, IReadOnlyList<MetricPoint> Points);

/// <summary>A sample grid.</summary>
/// <param name="Name">Of its file.</param>
/// <param name="Kimg">Where it was drawn.</param>
public sealed record SampleGrid(string Name, double Kimg);

/// <summary>A snapshot's part of the disk.</summary>
/// <param name="Bytes">All of its slices.</param>
/// <param name="Damage">What is wrong with it; null for nothing.</param>
public sealed record SnapshotUse(string Snapshot, double Kimg, long Bytes, DateTimeOffset? Created, string? Damage);

/// <summary>What a run takes.</summary>
/// <param name="Snapshots">Oldest first.</param>
/// <param name="FolderBytes">The whole folder; null for a store that is none.</param>
/// <param name="FreeBytes">Left where the folder is; null likewise.</param>
public sealed record DiskUse(IReadOnlyList<SnapshotUse> Snapshots, long? FolderBytes, long? FreeBytes);

/// <summary>What a change of a run's files shows in, cheap to ask for.</summary>
/// <param name="StatsBytes">Length of <c>stats.jsonl</c>.</param>
/// <param name="Grids">Number of sample grids.</param>
/// <param name="MetricBytes">Length of all files of metrics; the number of their parts in a store without folders.</param>
public sealed record FileMarks(long StatsBytes, int Grids, long MetricBytes);

/// <summary>Reads what trainers leave in a run's folder or store. What is not there is empty; a file is read to its last whole line.</summary>
public sealed class RunFiles
{
    /// <summary>What lies before the place up to which ticks were read is looked at again: is it still the same file?</summary>
    private const int SeamBytes = 256;

    /// <summary>No line of ticks is longer.</summary>
    private const int LastLineBytes = 1 << 16;

    private readonly StoreLocation _location;
    private readonly TimeProvider _time;
    private readonly StoredFiles? _stored;
    private readonly Lock _reading = new();
    private CurveTable _curves = new();
    private byte[] _seam = [];
    private long _readTo;
    private FileMarks _marks = new(0, 0, 0);
    private string _wholePart = "";

    /// <param name="location">The folder, or <c>s3://BUCKET/PREFIX</c>.</param>
    /// <param name="time">The clock.</param>
    public RunFiles(string location, TimeProvider time)
    {
        (_location, _time, Location) = (StoreLocation.Parse(location), time, location);
        if (Folder is null) _stored = new(_location.Open(), time);
    }

    /// <summary>Its folder; null where it is none.</summary>
    public string? Folder => (_location as StoreLocation.Folder)?.Path;

    /// <summary>Where it is, as it was named.</summary>
    public string Location { get; }

    /// <summary>What changes when there is something new.</summary>
    public async Task<FileMarks> MarksAsync(CancellationToken cancellation)
    {
        if (_stored is null)
        {
            return Folder is not { } folder || !Directory.Exists(folder) ? new(0, 0, 0) : new(
                LengthOf(Path.Combine(folder, RunFileNames.Stats)), GridFiles(folder).Count(), MetricFiles(folder).Sum(file => LengthOf(file.Path)));
        }

        try
        {
            _marks = new(0, (await GridsAsync(cancellation)).Count, await _stored.MetricPartsAsync(cancellation));
        }
        catch (IOException)
        {
            // Nothing is known to be new; whoever asks for pictures or metrics is told why.
        }

        return _marks;
    }

    /// <summary>The curves, with what was appended since the last time.</summary>
    /// <param name="query">What of them.</param>
    /// <param name="ticks">The newest lines of ticks, which somebody else has, for a store without folders.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<CurveView> CurvesAsync(CurveQuery query, Func<Task<IEnumerable<string>>> ticks, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ticks);
        var (stored, whole) = _stored is null ? ([], "") : await StoredTicksAsync(_stored, cancellation);
        var told = _stored is null ? [] : await ticks();
        cancellation.ThrowIfCancellationRequested();
        lock (_reading)
        {
            if (Folder is { } folder) ReadAppended(Path.Combine(folder, RunFileNames.Stats));
            foreach (var line in stored.Concat(told)) _curves.Add(Encoding.UTF8.GetBytes(line));
            if (string.CompareOrdinal(whole, _wholePart) > 0) _wholePart = whole;
            return CurveView.Of(_curves, query);
        }
    }

    private async Task<(IReadOnlyList<string> Lines, string Whole)> StoredTicksAsync(StoredFiles files, CancellationToken cancellation)
    {
        try
        {
            return await files.TicksAsync(_wholePart, cancellation);
        }
        catch (IOException)
        {
            // The newest ones are told all the same.
            return ([], "");
        }
    }

    /// <summary>Begins to read the curves, which whoever opens the run's page asks for next.</summary>
    public void ReadAhead()
    {
        // What cannot be read is told to whoever asks for the curves.
        if (Folder is not null) _ = Task.Run(() => CurvesAsync(new() { Points = 2 }, () => Task.FromResult<IEnumerable<string>>([]), CancellationToken.None)).ContinueWith(read => _ = read.Exception, TaskScheduler.Default);
    }

    /// <summary>The metrics that were measured, by name.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public async Task<IReadOnlyList<MetricCurve>> MetricsAsync(CancellationToken cancellation)
    {
        if (_stored is not null) return [.. (await _stored.MetricsAsync(cancellation)).Select(stored => new MetricCurve(stored.Metric, MetricLines.Read(stored.Lines)))];
        if (Folder is not { } folder || !Directory.Exists(folder)) return [];
        var metrics = new List<MetricCurve>();
        foreach (var (file, metric) in MetricFiles(folder).OrderBy(file => file.Path, StringComparer.Ordinal)) metrics.Add(new(metric, MetricLines.Read(await LinesOfAsync(file, cancellation))));
        return metrics;
    }

    /// <summary>The newest value of a metric; null where it was never measured.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<double?> NewestAsync(string metric, CancellationToken cancellation) => MetricLines.Read(await TailAsync(RunFileNames.Metric(metric), int.MaxValue, cancellation)) is [.., var newest] ? newest.Value : null;

    /// <summary>The sample grids, oldest first.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<IReadOnlyList<SampleGrid>> GridsAsync(CancellationToken cancellation)
    {
        var names = _stored is not null ? await _stored.PicturesAsync(cancellation) : Folder is { } folder && Directory.Exists(folder) ? GridFiles(folder).Select(file => Path.GetFileName(file)) : [];
        return [.. names.Select(GridOf).OfType<SampleGrid>().DistinctBy(grid => grid.Name).OrderBy(grid => grid.Kimg).ThenBy(grid => grid.Name == RunFileNames.InitialFakes ? 0 : 1)];
    }

    /// <summary>A picture that the dashboard shows; null where there is none of that name.</summary>
    /// <param name="name">Of its file, which a browser may have made up.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<Picture?> PictureAsync(string name, CancellationToken cancellation)
    {
        if (name != RunFileNames.Reals && GridOf(name) is null) return null;
        if (_stored is not null) return await _stored.PictureAsync(name, cancellation);
        return PlacesOfGrids(Folder!).Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists) is { } path ? Picture.Of(path) : null;
    }

    /// <summary>What the run takes.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<DiskUse> DiskAsync(CancellationToken cancellation)
    {
        var snapshots = Folder is { } place && !Directory.Exists(place) ? [] : await new SnapshotStore(_location.Open(), _time).ListAsync(cancellation);
        var uses = snapshots.Select(entry => new SnapshotUse(
            $"{entry.Name}", entry.Manifest?.Kimg ?? 0, entry.Manifest?.Slices.Sum(slice => slice.Bytes) ?? 0, entry.Manifest?.Created, entry.Damage)).ToList();
        if (Folder is not { } folder || !Directory.Exists(folder)) return new(uses, null, null);
        var files = new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true });
        return new(uses, files.Sum(file => LengthOf(file.FullName)), new DriveInfo(folder).AvailableFreeSpace);
    }

    /// <summary>The last lines of a file of the folder, oldest first.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<IReadOnlyList<string>> TailAsync(string file, int most, CancellationToken cancellation) =>
        Folder is { } folder ? [.. (await LinesOfAsync(Path.Combine(folder, file), cancellation)).TakeLast(most)] : [];

    /// <summary>The last line of a file of the folder, if it ends; null where there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<string?> LastLineAsync(string file, CancellationToken cancellation)
    {
        if (Folder is not { } folder || Path.Combine(folder, file) is not { } path || !File.Exists(path)) return null;
        using var stream = Open(path);
        stream.Seek(-Math.Min(stream.Length, LastLineBytes), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        var lines = (await reader.ReadToEndAsync(cancellation)).Split('\n');
        return lines.Length < 2 ? null : lines[^2];
    }

    private static long LengthOf(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            // Snapshots are deleted while they are counted.
            return 0;
        }
    }

    /// <summary>Where grids are; earlier versions left them in the run's folder itself.</summary>
    private static IEnumerable<string> PlacesOfGrids(string folder) => new[] { Path.Combine(folder, RunFileNames.Samples), folder }.Where(Directory.Exists);

    private static IEnumerable<string> GridFiles(string folder) =>
        PlacesOfGrids(folder).SelectMany(place => Directory.EnumerateFiles(place, "*.png")).Where(file => GridOf(Path.GetFileName(file)) is not null);

    private static IEnumerable<(string Path, string Metric)> MetricFiles(string folder) =>
        Directory.EnumerateFiles(folder).Select(file => (file, RunFileNames.MetricOf(Path.GetFileName(file)))).Where(file => file.Item2 is not null)!;

    private static SampleGrid? GridOf(string name) => name == RunFileNames.InitialFakes ? new(name, 0)
        : Path.GetFileName(name) == name && RunFileNames.ImagesOfFakes(name) is { } images ? new(name, images.Kimg) : null;

    private static async Task<List<string>> LinesOfAsync(string file, CancellationToken cancellation)
    {
        if (!File.Exists(file)) return [];
        using var stream = Open(file);
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line) lines.Add(line);
        return lines;
    }

    internal static FileStream Open(string file) => new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: false);

    private void ReadAppended(string file)
    {
        if (!File.Exists(file)) return;
        using var stream = Open(file);
        if (stream.Length < _readTo || !HasSeam(stream))
        {
            // The run went back and has written the file anew, or another run has taken its place.
            (_curves, _seam, _readTo) = (new(), [], 0);
        }

        stream.Seek(_readTo, SeekOrigin.Begin);
        var bytes = new byte[stream.Length - _readTo];
        stream.ReadExactly(bytes);
        var whole = bytes.AsSpan(0, bytes.AsSpan().LastIndexOf((byte)'\n') + 1);
        foreach (var line in whole.Split((byte)'\n')) _curves.Add(whole[line]);
        _readTo += whole.Length;
        if (whole.Length > 0) _seam = whole[^Math.Min(SeamBytes, whole.Length)..].ToArray();
    }

    /// <summary>Whether the file still has, before the place up to which it was read, what it had then.</summary>
    private bool HasSeam(FileStream stream)
    {
        var now = new byte[_seam.Length];
        stream.Seek(_readTo - now.Length, SeekOrigin.Begin);
        stream.ReadExactly(now);
        return now.AsSpan().SequenceEqual(_seam);
    }
}
