using System.CommandLine;
using Atelier.Training.Exports;
using Atelier.Training.Numerics;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier export</c>: a run's generator as a file for use elsewhere.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "a run's folder for its newest snapshot, or a snapshot's folder" };
        var output = new Option<string>("--out") { Description = "the file to write (.safetensors)", Required = true };
        var all = new Option<bool>("--all") { Description = "G, D and G_ema with prefixes, to start another run from, instead of G_ema alone" };
        var command = new Command("export", "Write a run's generator as .safetensors with the published names") { run, output, all };
        command.SetAction(parsed =>
        {
            NumericsEnvironment.Apply(threads: 1);
            using var state = NetworkSource.OpenState(parsed.GetValue(run)!);
            NetworkFile.Save(parsed.GetValue(output)!, state, parsed.GetValue(all));
            Console.WriteLine($"{parsed.GetValue(output)}: {(parsed.GetValue(all) ? "G, D and G_ema" : "G_ema")} at {state.ImageCount / 1000.0:0.###} kimg");
            return ExitCode.Success;
        });
        return command;
    }
}
