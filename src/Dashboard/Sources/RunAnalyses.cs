namespace Atelier.Dashboard.Sources;

/// <summary>What a command found out about one of the run's networks: <c>analyze</c>, <c>project</c>, <c>detect</c>, <c>correct</c>, <c>mix</c>.</summary>
/// <param name="Name">Its folder, below that of the analyses.</param>
/// <param name="Changed">When something was last written there.</param>
/// <param name="Pictures">Its pictures, by path below that folder; at most <see cref="RunAnalyses.MostPictures"/>.</param>
public sealed record RunAnalysis(string Name, DateTimeOffset Changed, IReadOnlyList<string> Pictures);

/// <summary>Analyses that were written into the folder <c>analysis</c> of a run's folder, each into a folder of its own.</summary>
/// <param name="runFolder">The run's folder; null for a store that is none.</param>
public sealed class RunAnalyses(string? runFolder)
{
    /// <summary>The folder in a run's folder.</summary>
    public const string Place = "analysis";

    /// <summary>A page shows no more pictures of an analysis.</summary>
    public const int MostPictures = 48;

    private static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase) { [".png"] = "image/png", [".jpg"] = "image/jpeg", [".webp"] = "image/webp" };

    private static readonly EnumerationOptions Recursively = new() { RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    /// <summary>The analyses, the newest first.</summary>
    public IReadOnlyList<RunAnalysis> List()
    {
        if (runFolder is null || new DirectoryInfo(Path.Combine(runFolder, Place)) is not { Exists: true } place)
            return [];
        return [.. place.EnumerateDirectories().Where(folder => !folder.Attributes.HasFlag(FileAttributes.ReparsePoint))
            .Select(folder => Of(folder)).OfType<RunAnalysis>().OrderByDescending(analysis => analysis.Changed).ThenBy(analysis => analysis.Name, StringComparer.Ordinal)];
    }

    /// <summary>A picture of an analysis; null where there is none of that name.</summary>
    /// <param name="analysis">The analysis, which a browser may have made up.</param>
    /// <param name="picture">The picture, likewise.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Picture? Find(string analysis, string picture)
    {
        bool isThere = List().FirstOrDefault(known => known.Name == analysis)?.Pictures.Contains(picture) == true;
        return isThere ? Picture.Of(Path.Combine(runFolder!, Place, analysis, picture), Types[Path.GetExtension(picture)]) : null;
    }

    private static RunAnalysis? Of(DirectoryInfo folder)
    {
        var pictures = folder.EnumerateFiles("*", Recursively).Where(file => Types.ContainsKey(file.Extension) && !file.Name.StartsWith('.')).ToList();
        return pictures.Count == 0 ? null : new(
            folder.Name, pictures.Max(file => file.LastWriteTimeUtc),
            // What sums the others up lies above them.
            [.. pictures.Select(file => Path.GetRelativePath(folder.FullName, file.FullName)).OrderBy(path => path.Count(sign => sign == Path.DirectorySeparatorChar)).ThenBy(path => path, StringComparer.Ordinal).Take(MostPictures)]);
    }
}
