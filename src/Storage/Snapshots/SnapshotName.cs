using System.Globalization;
using System.Text.RegularExpressions;
using Atelier.Storage.Blobs;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// The name of a snapshot's folder: its kimg with six and three digits, as in `000200.000`, and its branch where that is
/// not 0, as in `000200.000-b1`.
/// </summary>
public sealed partial record SnapshotName(uint Branch, ImageCount At) : IComparable<SnapshotName>
{
    public static SnapshotName? TryParse(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success
            || !long.TryParse(match.Groups["images"].Value.Replace(".", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var images))
            return null;
        var branch = 0u;
        if (match.Groups["branch"].Success && !uint.TryParse(match.Groups["branch"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out branch)) return null;
        var name = new SnapshotName(branch, new(images));
        // One name per snapshot: no second spelling with more zeros.
        return name.ToString() == text ? name : null;
    }

    /// <summary>Older before newer: a later branch is newer at any image count, because a rollback goes back in images.</summary>
    public int CompareTo(SnapshotName? other) => other is null ? 1 : (Branch, At).CompareTo((other.Branch, other.At));

    public static bool operator <(SnapshotName left, SnapshotName right) => left.CompareTo(right) < 0;
    public static bool operator >(SnapshotName left, SnapshotName right) => left.CompareTo(right) > 0;
    public static bool operator <=(SnapshotName left, SnapshotName right) => left.CompareTo(right) <= 0;
    public static bool operator >=(SnapshotName left, SnapshotName right) => left.CompareTo(right) >= 0;

    public override string ToString()
    {
        var (thousands, rest) = Math.DivRem(At.Images, 1000);
        return $"{thousands:D6}.{rest:D3}" + (Branch > 0 ? $"-b{Branch}" : "");
    }

    [GeneratedRegex(@"^(?<images>\d{6,}\.\d{3})(-b(?<branch>\d+))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

/// <summary>What workers store for each other while they evaluate a snapshot; deleted when all its metrics are known.</summary>
public static class EvaluationFolder
{
    private const string Root = "evaluations/";

    /// <summary>A snapshot's folder in the run's store, with the slash at its end.</summary>
    public static string Of(SnapshotName snapshot) => $"{Root}{snapshot}/";

    /// <summary>Deletes everything stored for a snapshot, also what a worker that died left unfinished.</summary>
    public static async Task DeleteAsync(IBlobStore blobs, SnapshotName snapshot, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        await blobs.SweepAsync(Of(snapshot), cancellationToken);
        foreach (var blob in await blobs.ListAsync(Of(snapshot), cancellationToken)) await blobs.DeleteAsync(blob, cancellationToken);
    }
}
