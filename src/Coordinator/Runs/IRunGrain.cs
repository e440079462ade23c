using Atelier.Coordinator.Fleet;
using Atelier.Core.Fleet.Generations;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>One run: its generations, its snapshots, its events. The key is its name. It asks the fleet's grain, and tells workers.</summary>
[Alias("atelier.run")]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Decides what is to be done now; called several times a second by every replica.</summary>
    [Alias("Pulse")]
    Task PulseAsync();

    /// <summary>Something was done to the store: the grain has a turn to go on with it.</summary>
    [Alias("Wake")]
    Task WakeAsync();

    /// <summary>A worker's report.</summary>
    [Alias("Report")]
    Task ReportAsync(WorkerReport report);

    /// <summary>How getting ready for the run goes, on a worker that does not hold it yet.</summary>
    [Alias("Warmed")]
    Task WarmedAsync(WorkerKey worker, bool isWarm, string trouble);

    /// <summary>A digest to compare.</summary>
    [Alias("Check")]
    Task CheckAsync(CheckReport check);

    /// <summary>How writing a slice went.</summary>
    [Alias("Slice")]
    Task SliceAsync(SliceNote slice);

    /// <summary>An evaluation of the run has ended.</summary>
    [Alias("Measured")]
    Task MeasuredAsync(Evaluations.EvaluationResult result);

    /// <summary>A worker left something for an evaluation that has ended.</summary>
    /// <param name="snapshot">Of which snapshot.</param>
    [Alias("Tidy")]
    Task TidyAsync(string snapshot);

    /// <summary>Something that happened where only a worker sees it.</summary>
    [Alias("Note")]
    Task NoteAsync(WorkerNote note);

    /// <summary>Lines of a worker's log.</summary>
    [Alias("Log")]
    Task LogAsync(string worker, List<string> lines);

    /// <summary>A person resumed the run.</summary>
    /// <param name="details">The run as it is from here on.</param>
    [Alias("Resumed")]
    Task ResumedAsync(RunDetails details);

    /// <summary>A person has evicted one of its workers.</summary>
    /// <param name="text">Which and why, for people.</param>
    [Alias("Evicted")]
    Task EvictedAsync(string text);

    /// <summary>The run was deleted: a later one of its name has nothing to do with it.</summary>
    [Alias("Forget")]
    Task ForgetAsync();

    /// <summary>Where the run stands.</summary>
    [Alias("Describe")]
    Task<RunFacts> DescribeAsync();

    /// <summary>Events after a number, oldest first.</summary>
    [Alias("Events")]
    Task<List<EventRow>> EventsAsync(long after);

    /// <summary>Lines of logs after a number, oldest first.</summary>
    [Alias("Logs")]
    Task<List<LogRow>> LogsAsync(long after);
}
