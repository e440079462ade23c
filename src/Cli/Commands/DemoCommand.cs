using System.CommandLine;
using Atelier.Core;
using Atelier.Cli.Cluster;
using Atelier.Core.Specs;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier demo</c>: learns to draw emoji faces in a few minutes, with nothing to download.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "train for this long; again goes on from there", DefaultValueFactory = _ => 6 };
        var size = new Option<int>("--size") { Description = "32 or 64 pixels", DefaultValueFactory = _ => 32 };
        size.AcceptOnlyFromAmong("32", "64");
        var output = new Option<string?>("--out") { Description = "the run's folder (default: runs/demo, with the size)" };
        var command = new Command("demo", "Watch StyleGAN2 learn emoji faces, with nothing to download") { minutes, size, output };
        // As a cluster works, where there is a core for each: a coordinator, and a worker for each shard of the demo's minibatch.
        var options = new TrainOptions(workers: Math.Min(2, Environment.ProcessorCount));
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(minutes) is not (> 0 and < 1e6))
                throw new UserErrorException($"--minutes {parsed.GetValue(minutes)}: a positive number is needed");
            int side = parsed.GetValue(size);
            string name = side == 32 ? "demo" : "demo64";
            var request = options.ToRequest(
                parsed, parsed.GetValue(output) ?? Path.Combine("runs", name), DataPath.EmojiFaces(side), () => DataPath.Open(DataPath.EmojiFaces(side)), Recipes.Named(name));
            return options.Execute(parsed, request with { TimeLimit = TimeSpan.FromMinutes(parsed.GetValue(minutes)) });
        });
        return command;
    }
}
