using Atelier.Core.Specs;
using Atelier.Worker.Runs;
using Spectre.Console;

namespace Atelier.Cli.Commands;

/// <summary><c>--dry-run</c>: the whole resolved spec, and where each value comes from.</summary>
internal static class SpecPrinter
{
    public static int Print(TrainRequest request, bool json)
    {
        using var run = RunPreparation.Prepare(request, TimeProvider.System);
        if (json)
        {
            Console.WriteLine(RunSpecJson.Write(run.Resolved.Spec));
            return ExitCode.Success;
        }
        // A file or a pipe has no width to fit into.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 240;
        var table = new Table { Border = TableBorder.None };
        table.AddColumns("key", "value", "from", "what it is");
        foreach (var (key, value, provenance) in run.Resolved.Entries)
            table.AddRow(Markup.Escape(key.Name), Markup.Escape(value), provenance.ToString().ToLowerInvariant(), Markup.Escape(key.Description));
        AnsiConsole.Write(table);
        return ExitCode.Success;
    }
}
