using System.Globalization;
using System.Text.RegularExpressions;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// The name of a snapshot's folder: its kimg with six and three digits, as in `000200.000`, and its branch where that is
/// not 0, as in `000200.000-b1`.
/// </summary>
/// <param name="Branch">The run's branch.</param>
/// <param name="At">Its image count.</param>
public sealed partial record SnapshotName(uint Branch, ImageCount At) : IComparable<SnapshotName>
{
    /// <summary>Reads a name; null if it is none.</summary>
    /// <param name="text">A folder's name.</param>
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
    /// <param name="other">The other name.</param>
    public int CompareTo(SnapshotName? other) => other is null ? 1 : (Branch, At).CompareTo((other.Branch, other.At));

    /// <summary>Older than.</summary>
    public static bool operator <(SnapshotName left, SnapshotName right) => left.CompareTo(right) < 0;

    /// <summary>Newer than.</summary>
    public static bool operator >(SnapshotName left, SnapshotName right) => left.CompareTo(right) > 0;

    /// <summary>Not newer than.</summary>
    public static bool operator <=(SnapshotName left, SnapshotName right) => left.CompareTo(right) <= 0;

    /// <summary>Not older than.</summary>
    public static bool operator >=(SnapshotName left, SnapshotName right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString()
    {
        var (thousands, rest) = Math.DivRem(At.Images, 1000);
        return $"{thousands:D6}.{rest:D3}" + (Branch > 0 ? $"-b{Branch}" : "");
    }

    [GeneratedRegex(@"^(?<images>\d{6,}\.\d{3})(-b(?<branch>\d+))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
