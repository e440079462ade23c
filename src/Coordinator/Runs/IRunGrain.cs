using Atelier.Coordinator.Evaluations;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>One run: its generations, its snapshots, its events. The key is its name. It asks the fleet's grain, and tells workers.</summary>
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Decides what is to be done now; called at least every second, and whenever the fleet has changed.</summary>
    Task PulseAsync();

    /// <summary>A worker's report, a <see cref="Core.Fleet.Generations.WorkerReport"/> as JSON.</summary>
    Task ReportAsync(string report);

    /// <summary>A digest to compare, a <see cref="Core.Fleet.Generations.CheckReport"/> as JSON.</summary>
    Task CheckAsync(string check);

    /// <summary>How writing a slice went.</summary>
    Task SliceAsync(SliceNote slice);

    /// <summary>An evaluation of the run has ended.</summary>
    Task MeasuredAsync(EvaluationResult result);

    /// <summary>A worker left something for an evaluation that has ended.</summary>
    /// <param name="snapshot">Of which snapshot.</param>
    Task TidyAsync(string snapshot);

    /// <summary>Something that happened where only a worker sees it.</summary>
    Task NoteAsync(string json, string text, bool isTick, bool isFailure);

    /// <summary>Lines of a worker's log.</summary>
    Task LogAsync(string worker, List<string> lines);

    /// <summary>A person resumed the run.</summary>
    /// <param name="details">The run as it is from here on.</param>
    Task ResumedAsync(Fleet.RunDetails details);

    /// <summary>Where the run stands.</summary>
    Task<RunFacts> DescribeAsync();

    /// <summary>Events after a number, oldest first.</summary>
    Task<List<EventRow>> EventsAsync(long after);

    /// <summary>Lines of workers' logs after a number, oldest first.</summary>
    Task<List<LogRow>> LogsAsync(long after);
}
