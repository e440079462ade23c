using System.Text.Json;
using Atelier.Core;
using Atelier.Core.Runs;

namespace Atelier.Dashboard.Live;

/// <summary>A generation of a run: a time in which its workers stayed the same.</summary>
/// <param name="Number">Rises.</param>
/// <param name="Began">When the first was said of it.</param>
/// <param name="Kimg">Where the run stood then.</param>
/// <param name="Members">Its workers in rank order; empty where it never trained, or is of before they were recorded.</param>
/// <param name="Notes">What was said of it, oldest first.</param>
public sealed record GenerationRow(long Number, DateTimeOffset Began, double Kimg, IReadOnlyList<string> Members, IReadOnlyList<string> Notes);

/// <summary>Which workers a run has had, read from its events.</summary>
public static class GenerationHistory
{
    /// <summary>The generations, newest first.</summary>
    public static IReadOnlyList<GenerationRow> Of(IEnumerable<RunEvent> events) =>
    [
        .. events.OfType<FleetNoted>().GroupBy(note => note.Generation).OrderByDescending(notes => notes.Key).Select(notes => new GenerationRow(
            notes.Key, notes.First().At, notes.First().Kimg, notes.Select(note => note.Members).LastOrDefault(members => members is not null) ?? [], [.. notes.Select(note => note.Text)])),
    ];
}

/// <summary>Events in words.</summary>
public static class EventText
{
    /// <summary>Whether a row of the coordinator's is a tick, which is a line of <c>stats.jsonl</c> instead of an event.</summary>
    public static bool IsTick(Protos.RunEvent row)
    {
        ArgumentNullException.ThrowIfNull(row);
        try
        {
            using var json = JsonDocument.Parse(row.Json);
            return json.RootElement.ValueKind == JsonValueKind.Object && !json.RootElement.TryGetProperty("event", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads lines of <c>events.jsonl</c>; one that a crash has cut off, or that a later version wrote, is left out.</summary>
    public static IReadOnlyList<RunEvent> Read(IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        return [.. lines.Select(Parse).OfType<RunEvent>()];
    }

    private static RunEvent? Parse(string line)
    {
        try
        {
            return RunEvent.FromJson(line);
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}
