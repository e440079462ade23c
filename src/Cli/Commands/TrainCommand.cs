using System.CommandLine;
using Atelier.Cli.Cluster;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Worker.Runs;
using Spectre.Console;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier train</c>: trains on a dataset; the same command again goes on.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = DatasetCommand.Sources, Required = true };
        var output = new Option<string>("--out") { Description = "the run folder; an existing run is continued", Required = true };
        var command = new Command("train", "Train on your images; the same command again continues where it stopped") { data, output };
        var options = new TrainOptions();
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = DataPath.Absolute(parsed.GetValue(data)!);
            return options.Execute(parsed, options.ToRequest(parsed, parsed.GetValue(output)!, path, () => DataPath.Open(path)));
        });
        return command;
    }
}

/// <summary><c>atelier demo</c>: learns to draw emoji faces in a few minutes, with nothing to download.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "minutes to train; run the same command again to train for that long again", DefaultValueFactory = _ => 6 };
        var size = new Option<int>("--size") { Description = "32 or 64 pixels", DefaultValueFactory = _ => 32 };
        size.AcceptOnlyFromAmong("32", "64");
        var output = new Option<string?>("--out") { Description = "the run folder (default: runs/demo, with the size)" };
        var command = new Command("demo", "Watch StyleGAN2 learn emoji faces, with nothing to download") { minutes, size, output };
        // As a cluster works, where there is a core for each: a coordinator, and a worker for each shard of the demo's minibatch.
        var options = new TrainOptions(workers: Math.Min(2, Environment.ProcessorCount));
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(minutes) is not (> 0 and < 1e6))
                throw new UserErrorException($"--minutes {parsed.GetValue(minutes)}: must be a positive number");
            int side = parsed.GetValue(size);
            string name = side == 32 ? "demo" : "demo64";
            var request = options.ToRequest(
                parsed, parsed.GetValue(output) ?? Path.Combine("runs", name), DataPath.EmojiFaces(side), () => DataPath.Open(DataPath.EmojiFaces(side)), Recipes.Named(name));
            return options.Execute(parsed, request with { TimeLimit = TimeSpan.FromMinutes(parsed.GetValue(minutes)) });
        });
        return command;
    }
}

/// <summary><c>--dry-run</c>: the whole resolved spec, and where each value comes from.</summary>
internal static class SpecPrinter
{
    public static int Print(TrainRequest request, bool json)
    {
        using var run = RunPreparation.Prepare(request, TimeProvider.System);
        RunPreparation.RequireMetrics(run);
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
