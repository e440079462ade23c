using System.CommandLine;
using Atelier.Core;
using Atelier.Cli.Cluster;
using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier demo</c>: learns to draw emoji faces in a few minutes, with nothing to download.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "train for this long; again goes on from there", DefaultValueFactory = _ => 6 };
        var all = new Option<bool>("--all") { Description = "all emoji instead of the faces" };
        var size = new Option<int>("--size") { Description = "32 or 64 pixels", DefaultValueFactory = _ => 32 };
        size.AcceptOnlyFromAmong("32", "64");
        var output = new Option<string?>("--out") { Description = "the run's folder (default: runs/demo, with the size and set)" };
        var command = new Command("demo", "Watch StyleGAN2 learn emoji faces, with nothing to download") { minutes, all, size, output };
        // As a cluster works, where there is a core for each: a coordinator, and a worker for each shard of the demo's minibatch.
        var options = new TrainOptions(workers: Math.Min(2, Environment.ProcessorCount));
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(minutes) is not (> 0 and < 1e6))
                throw new UserErrorException($"--minutes {parsed.GetValue(minutes)}: a positive number is needed");
            int side = parsed.GetValue(size);
            var set = parsed.GetValue(all) ? EmojiSet.All : EmojiSet.Faces;
            string name = $"demo{(side == 32 ? "" : $"{side}")}{(set == EmojiSet.All ? "-all" : "")}";
            var request = options.ToRequest(
                parsed, parsed.GetValue(output) ?? Path.Combine("runs", name), DataPath.Emoji(set, side), () => DataPath.Open(DataPath.Emoji(set, side)), Recipes.Named(side == 32 ? "demo" : "demo64"));
            return options.Execute(parsed, request with { TimeLimit = TimeSpan.FromMinutes(parsed.GetValue(minutes)) });
        });
        return command;
    }
}
