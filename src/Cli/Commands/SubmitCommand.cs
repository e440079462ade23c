using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Cluster;
using Atelier.Protos;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier submit</c>: puts a run into a coordinator's queue.</summary>
internal static class SubmitCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("run") { Description = "the run's name: lower-case letters, digits, `.`, `_`, `-`" };
        var data = new Option<string>("--data") { Description = "the images, as the workers see them", Required = true };
        var store = new Option<string>("--out") { Description = "the run's folder or s3://bucket/prefix, as workers and coordinator see it", Required = true };
        var recipe = new Option<string>("--recipe") { Description = "a recipe's name or file", DefaultValueFactory = _ => "" };
        var kimg = new Option<double?>("--kimg") { Description = "length of the run in thousands of images" };
        var seed = new Option<ulong?>("--seed") { Description = "seed of every random draw" };
        var set = new Option<string[]>("--set") { Description = "a spec key, as key=value; may be given again" };
        var priority = new Option<int>("--priority") { Description = "higher ones are served first" };
        var min = new Option<int>("--min-workers") { Description = "with fewer workers it waits", DefaultValueFactory = _ => 1 };
        var max = new Option<int>("--max-workers") { Description = "more it does not take (default: as many as there are shards)" };
        var init = new Option<string>("--init") { Description = "start from the networks of this .safetensors file, as the workers see it", DefaultValueFactory = _ => "" };
        var accept = new Option<bool>("--accept-new-numerics") { Description = "go on although the store's snapshots were computed under other numerics" };
        var command = new Command("submit", "Put a run into a coordinator's queue") { run, data, store, recipe, kimg, seed, set, priority, min, max, init, accept };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs =>
        {
            string named = parsed.GetValue(recipe)!;
            var request = new SubmitRequest
            {
                Run = parsed.GetValue(run),
                Recipe = File.Exists(named) ? File.ReadAllText(named) : named,
                DataPath = parsed.GetValue(data),
                RunStore = parsed.GetValue(store),
                Priority = parsed.GetValue(priority),
                MinWorkers = parsed.GetValue(min),
                MaxWorkers = parsed.GetValue(max),
                InitPath = parsed.GetValue(init),
                AcceptNewNumerics = parsed.GetValue(accept),
            };
            request.Assignments.AddRange(parsed.GetValue(set) ?? []);
            if (parsed.GetValue(kimg) is { } length)
                request.Assignments.Add($"kimg={length.ToString(CultureInfo.InvariantCulture)}");
            if (parsed.GetValue(seed) is { } number)
                request.Assignments.Add($"seed={number.ToString(CultureInfo.InvariantCulture)}");
            Console.WriteLine(RunLines.Sentence(runs.Submit(request)));
            return ExitCode.Success;
        }));
        return command;
    }
}
