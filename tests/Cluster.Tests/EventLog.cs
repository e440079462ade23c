using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Atelier.Cluster.Tests;

/// <summary>What a run's <c>events.jsonl</c> says.</summary>
/// <param name="store">The run's folder.</param>
internal sealed partial class EventLog(string store)
{
    /// <summary>The events of a kind, so far.</summary>
    public IReadOnlyList<JsonElement> Of(string kind) =>
        File.Exists(Path.Combine(store, "events.jsonl"))
            ? [.. File.ReadAllLines(Path.Combine(store, "events.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() == kind)]
            : [];

    /// <summary>What happened to the fleet.</summary>
    public IEnumerable<string> Texts() => Of("fleet").Select(line => line.GetProperty("text").GetString()!);

    /// <summary>No generation began before where another one is known to have come.</summary>
    public void AssertNothingLost()
    {
        var positions = Texts().Select(text => Place().Match(text)).Where(match => match.Success)
            .Select(match => (Begins: match.Groups["verb"].Value == "starts at", At: (Iteration: Number(match, "iteration"), Phase: Number(match, "phase")))).ToList();
        Assert.NotEmpty(positions);
        var furthest = (Iteration: 0L, Phase: 0L);
        foreach (var (begins, at) in positions)
        {
            Assert.True(!begins || at.CompareTo(furthest) >= 0, $"a generation began at {at}, although {furthest} was reached:\n{string.Join('\n', Texts())}");
            furthest = at.CompareTo(furthest) > 0 ? at : furthest;
        }
    }

    /// <summary>No generation from this one on has ended, but to share the work better.</summary>
    public void AssertNoneEndedSince(long generation) =>
        Assert.DoesNotContain(Texts(), text => Place().Match(text) is { Success: true } match && match.Groups["verb"].Value == "ends at" && Number(match, "generation") >= generation
            && !text.EndsWith("rebalancing shards", StringComparison.Ordinal));

    private static long Number(Match match, string group) =>
        match.Groups[group].Success ? long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^generation (?<generation>\d+) (?<verb>starts at|ends at) iteration (?<iteration>\d+)(, (?<phase>\d+) phase)?")]
    private static partial Regex Place();
}
