using System.Collections.Concurrent;
using System.Security.Cryptography;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;

namespace Atelier.Dashboard.Sources;

/// <summary>
/// Pictures, metrics and ticks of a run whose store has no folders. Asking for a listing costs money there, so it is asked for at most every 15
/// seconds, however many look. Safe from any thread.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="time">The clock.</param>
internal sealed class StoredFiles(IBlobStore blobs, TimeProvider time)
{
    /// <summary>Parts that are read at once.</summary>
    private const int MostReads = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> _parts = new(StringComparer.Ordinal);
    private Task<Listing>? _listing;
    private long _listedAt;

    /// <summary>Names of pictures, without their folder.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<IReadOnlyList<string>> PicturesAsync(CancellationToken cancellation) => (await ListAsync(cancellation)).Pictures;

    /// <summary>How many parts the files of metrics have.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<int> MetricPartsAsync(CancellationToken cancellation) => (await ListAsync(cancellation)).Metrics.Count;

    /// <summary>The lines of each metric's file, oldest first.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<IReadOnlyList<(string Metric, IReadOnlyList<string> Lines)>> MetricsAsync(CancellationToken cancellation)
    {
        var names = (await ListAsync(cancellation)).Metrics;
        // A part never changes.
        await Parallel.ForEachAsync(names.Where(name => !_parts.ContainsKey(name)), ReadingOptions(cancellation), async (name, token) => _parts[name] = await LinesOfAsync(name, token));
        return [.. names.GroupBy(MetricOf).Select(parts => (parts.Key, (IReadOnlyList<string>)[.. parts.SelectMany(part => _parts[part])]))];
    }

    /// <summary>The lines of ticks in the parts behind one, oldest first.</summary>
    /// <param name="after">Name of the part; empty for all.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <returns>The lines, and the name of the last part that grows no more.</returns>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<(IReadOnlyList<string> Lines, string Whole)> TicksAsync(string after, CancellationToken cancellation)
    {
        var parts = (await ListAsync(cancellation)).Ticks.Where(name => string.CompareOrdinal(name, after) > 0).ToList();
        var lines = new IReadOnlyList<string>[parts.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, parts.Count), ReadingOptions(cancellation), async (part, token) => lines[part] = await LinesOfAsync(parts[part], token));
        return ([.. lines.SelectMany(part => part)], parts is [.., var whole, _] ? whole : after);
    }

    /// <summary>A picture; null where there is none of that name.</summary>
    /// <param name="name">Without its folder.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public async Task<Picture?> PictureAsync(string name, CancellationToken cancellation)
    {
        try
        {
            await using var stored = await blobs.OpenReadAsync(RunFileNames.StoredPicture(name), cancellation);
            var content = new MemoryStream();
            await stored.CopyToAsync(content, cancellation);
            content.Position = 0;
            return new(content, Convert.ToHexStringLower(SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length)))[..16]);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string MetricOf(string part) => part.Split('/') is [_, var metric, _] ? metric : "";

    private Task<Listing> ListAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_listing is null || time.GetElapsedTime(_listedAt) >= Interval) (_listing, _listedAt) = (ReadAsync(), time.GetTimestamp());
            return _listing.WaitAsync(cancellation);
        }
    }

    private async Task<Listing> ReadAsync()
    {
        var pictures = await blobs.ListAsync(RunFileNames.Samples + "/", CancellationToken.None);
        var metrics = await blobs.ListAsync(RunFileNames.Metrics + "/", CancellationToken.None);
        var ticks = await blobs.ListAsync(RunFileNames.PartsOf(RunFileNames.Stats), CancellationToken.None);
        return new([.. pictures.Select(name => name[(RunFileNames.Samples.Length + 1)..])], [.. metrics.Where(name => MetricOf(name).Length > 0)], ticks);
    }

    private async Task<IReadOnlyList<string>> LinesOfAsync(string name, CancellationToken cancellation)
    {
        await using var stored = await blobs.OpenReadAsync(name, cancellation);
        using var reader = new StreamReader(stored);
        return (await reader.ReadToEndAsync(cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static ParallelOptions ReadingOptions(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = MostReads, CancellationToken = cancellation };

    private sealed record Listing(IReadOnlyList<string> Pictures, IReadOnlyList<string> Metrics, IReadOnlyList<string> Ticks);
}

/// <summary>A picture that is there.</summary>
/// <param name="Content">Whoever gets it disposes it.</param>
/// <param name="Version">Another one where the content is another one.</param>
/// <param name="Type">Its media type.</param>
public sealed record Picture(Stream Content, string Version, string Type = "image/png")
{
    /// <summary>The picture in a file, which may be written anew meanwhile.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Picture Of(string path, string type = "image/png") => new(RunFiles.Open(path), $"{File.GetLastWriteTimeUtc(path).Ticks:x}", type);
}
