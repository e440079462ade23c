using System.CommandLine;
using System.Diagnostics;

namespace Atelier.Cli.Telemetry;

/// <summary>The span of a command that a person runs, so that what a coordinator and workers do about it is found below it.</summary>
internal static class CommandSpan
{
    /// <summary>The source of spans.</summary>
    public const string Source = "Atelier.Cli";

    /// <summary>How the names begin.</summary>
    public const string Prefix = "atelier ";

    private static readonly ActivitySource Spans = new(Source);

    /// <summary>Commands that have telemetry of their own, or last as long as what they start or follow.</summary>
    private static readonly string[] Without = ["coordinator", "worker", "watch", "logs", "train", "demo", "test"];

    /// <summary>Runs a command within its span.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">Runs it.</param>
    /// <returns>Its exit code.</returns>
    public static int Run(ParseResult parsed, Func<int> run)
    {
        string name = parsed.CommandResult.Command.Name;
        if (name is "coordinator" or "worker" || ProcessTelemetry.OfCommand(line => Console.Error.WriteLine($"atelier: {line}")) is not { } telemetry)
            return run();
        try
        {
            using var span = Without.Contains(name) ? null : Spans.StartActivity(Prefix + name);
            return run();
        }
        finally
        {
            telemetry.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
