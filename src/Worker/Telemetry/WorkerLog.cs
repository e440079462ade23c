using Microsoft.Extensions.Logging;

namespace Atelier.Worker.Telemetry;

/// <summary>What a worker says: a line for whoever looks at the process, and an entry of the log with what it is about.</summary>
/// <param name="worker">The worker's name.</param>
/// <param name="log">The log.</param>
/// <param name="say">Takes the line.</param>
internal sealed partial class WorkerLog(string worker, ILogger log, Action<string> say)
{
    /// <summary>The run that is held and its generation; the name is empty for none.</summary>
    public Func<(string Run, long Generation)> Subject { get; set; } = () => ("", 0);

    /// <summary>Says a line. From any thread.</summary>
    public void Say(string line)
    {
        var (run, generation) = Subject();
        KeyValuePair<string, object?>[] about = [new("worker", worker), .. run.Length > 0 ? (KeyValuePair<string, object?>[])[new("run", run), new("generation", generation)] : []];
        using (log.BeginScope(about))
            Said(log, line);
        say(line);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
    private static partial void Said(ILogger logger, string line);
}
