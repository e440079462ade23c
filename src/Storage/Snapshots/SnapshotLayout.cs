using Atelier.Storage.Blobs;

namespace Atelier.Storage.Snapshots;

/// <summary>The rule that slices must follow: their parts tile every section, without holes or overlaps.</summary>
internal static class SnapshotLayout
{
    /// <exception cref="SnapshotDamagedException">They do not.</exception>
    public static void Require(IReadOnlyList<SnapshotSection> sections, IReadOnlyList<SnapshotSlice> slices)
    {
        foreach (var slice in slices)
        {
            if (!IsFileName(slice.File)) throw new SnapshotDamagedException($"`{slice.File}` is no name for a slice");
            if (slice.Parts.DistinctBy(part => part.Section).Count() != slice.Parts.Count)
                throw new SnapshotDamagedException($"{slice.File} has two parts of one section");
        }

        if (sections.DistinctBy(section => section.Name).Count() != sections.Count)
            throw new SnapshotDamagedException("two of its sections have one name");
        var parts = slices.SelectMany(slice => slice.Parts).ToLookup(part => part.Section);
        if (parts.Select(group => group.Key).Except(sections.Select(section => section.Name)).FirstOrDefault() is { } unknown)
            throw new SnapshotDamagedException($"its slices hold `{unknown}`, which is no section of the state");
        foreach (var section in sections)
        {
            var next = 0L;
            foreach (var part in parts[section.Name].OrderBy(part => part.First))
            {
                if (part.First != next || part.Elements < 0) break;
                next += part.Elements;
            }

            if (next != section.Elements || parts[section.Name].Sum(part => part.Elements) != next)
                throw new SnapshotDamagedException($"its slices do not hold every element of `{section.Name}` once");
        }
    }

    private static bool IsFileName(string file)
    {
        try
        {
            BlobName.Require(file);
            return !file.Contains('/', StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
