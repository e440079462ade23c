using System.Globalization;

namespace Atelier.Training.Data;

/// <summary>Files of one kind that are no images of a dataset.</summary>
/// <param name="Kind">As in a sentence: <c>.txt files</c>.</param>
/// <param name="Count">How many.</param>
/// <param name="First">The path of the first inside the dataset.</param>
public sealed record IgnoredKind(string Kind, int Count, string First);

/// <summary>What a folder or zip file holds beside its images: counted and named, so that nothing is left out in silence.</summary>
/// <param name="Kinds">The kinds, the most frequent first.</param>
public sealed record IgnoredFiles(IReadOnlyList<IgnoredKind> Kinds)
{
    private const string Hidden = "hidden files";

    /// <summary>Nothing.</summary>
    public static IgnoredFiles None { get; } = new([]);

    /// <summary>All of them.</summary>
    public int Count => Kinds.Sum(kind => kind.Count);

    /// <summary>Sorts paths into kinds.</summary>
    /// <param name="paths">Paths inside the dataset, each with what it is where that is not told by its name.</param>
    internal static IgnoredFiles Of(IEnumerable<(string Path, string? Kind)> paths) => new(
        [.. paths.GroupBy(file => file.Kind ?? KindOf(file.Path))
            .Select(kind => new IgnoredKind(kind.Key, kind.Count(), kind.Select(file => file.Path).Order(StringComparer.Ordinal).First()))
            .OrderByDescending(kind => kind.Count).ThenBy(kind => kind.Kind, StringComparer.Ordinal)]);

    /// <summary><c>12 files: 10 .txt files (a/0001.txt, …), 2 hidden files (._a.png, …)</c>; empty for none.</summary>
    public override string ToString() => Count == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"{Count:#,0} {(Count == 1 ? "file" : "files")}: {string.Join(", ", Kinds.Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Count:#,0} {kind.Kind} ({kind.First}{(kind.Count > 1 ? ", …" : "")})")))}");

    private static string KindOf(string path) =>
        path.Split('/').Contains("__MACOSX") ? "files of __MACOSX"
        : path.Split('/').Any(part => part.StartsWith('.')) ? Hidden
        : Path.GetExtension(path) is { Length: > 1 } extension ? $"{extension.ToLowerInvariant()} files"
        : "files without an extension";
}
