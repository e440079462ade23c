using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Protos;

namespace Atelier.Dashboard.Sources;

/// <summary>Where the dashboard's runs come from: a coordinator, or folders on this machine. Safe from any thread.</summary>
public interface IRunSource
{
    /// <summary>Whether runs can be submitted, paused, resumed and cancelled here, and whether there are workers to show.</summary>
    bool IsCoordinator { get; }

    /// <summary>All runs, ended ones too.</summary>
    Task<IReadOnlyList<Run>> RunsAsync(CancellationToken cancellation);

    /// <summary>A run with where its files are; events are left out.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    Task<RunDescription> DescribeAsync(string run, CancellationToken cancellation);

    /// <summary>Events and ticks after a number, oldest first; of a long run the last ones only. A number names the same event whoever asks.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    Task<IReadOnlyList<RunEvent>> EventsAsync(string run, long after, CancellationToken cancellation);

    /// <summary>The last lines of <c>events.jsonl</c>, oldest first.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    Task<IReadOnlyList<string>> EventLinesAsync(string run, int most, CancellationToken cancellation);

    /// <summary>All workers, in the order in which they joined.</summary>
    Task<IReadOnlyList<Worker>> WorkersAsync(CancellationToken cancellation);

    /// <summary>What submitting would do.</summary>
    /// <exception cref="UserErrorException">It would be refused.</exception>
    Task<SubmitPreview> PreviewAsync(SubmitRequest request, CancellationToken cancellation);

    /// <summary>Adds a run.</summary>
    /// <exception cref="UserErrorException">It is refused.</exception>
    Task<Run> SubmitAsync(SubmitRequest request, CancellationToken cancellation);

    /// <summary>Pauses a run.</summary>
    /// <exception cref="UserErrorException">It is refused.</exception>
    Task<Run> PauseAsync(PauseRequest request, CancellationToken cancellation);

    /// <summary>Resumes a run.</summary>
    /// <exception cref="UserErrorException">It is refused.</exception>
    Task<Run> ResumeAsync(ResumeRequest request, CancellationToken cancellation);

    /// <summary>Cancels a run.</summary>
    /// <exception cref="UserErrorException">It is refused.</exception>
    Task<Run> CancelAsync(CancelRequest request, CancellationToken cancellation);
}

/// <summary>The source cannot answer now, but may a moment later.</summary>
public sealed class SourceUnavailableException : Exception
{
    public SourceUnavailableException()
    {
    }

    public SourceUnavailableException(string message) : base(message)
    {
    }

    public SourceUnavailableException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
