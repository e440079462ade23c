using System.Globalization;
using Atelier.Core;

namespace Atelier.Cli.Commands;

/// <summary>Seeds as people write them: <c>0-15,85</c>.</summary>
internal static class SeedList
{
    private const int Most = 1_000_000;

    /// <exception cref="UserErrorException">The text is no list of seeds.</exception>
    public static IReadOnlyList<uint> Parse(string text)
    {
        var seeds = new List<uint>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryRead(ends[0], out uint first) || !TryRead(ends[^1], out uint last) || last < first || last - first >= Most)
                throw new UserErrorException($"'{part}' is no seed and no range of seeds; write them as 0-15,85");
            for (uint seed = first; seed <= last && seeds.Count < Most; seed++)
            {
                seeds.Add(seed);
                if (seed == uint.MaxValue)
                    break;
            }
        }
        return seeds.Count > 0 ? seeds : throw new UserErrorException("no seeds were given; write them as 0-15,85");
    }

    private static bool TryRead(string text, out uint seed) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);
}
