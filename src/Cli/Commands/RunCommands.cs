using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Core;
using Atelier.Protos;
using Grpc.Core;
using RunsClient = Atelier.Protos.Runs.RunsClient;

namespace Atelier.Cli.Commands;

/// <summary>What people ask a coordinator about runs: <c>ls</c>, <c>watch</c>, <c>logs</c>, <c>pause</c>, <c>resume</c>, <c>cancel</c>.</summary>
internal static class RunCommands
{
    public static Command List()
    {
        var all = new Option<bool>("--all") { Description = "include runs that have ended" };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("ls", "List the runs of a coordinator") { all, json };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs =>
        {
            var list = runs.List(new ListRequest { IncludeEnded = parsed.GetValue(all) }).Runs;
            if (parsed.GetValue(json))
                Console.WriteLine(new JsonArray([.. list.Select(RunLines.ToJson)]).ToJsonString());
            else if (list.Count == 0)
                Console.WriteLine(parsed.GetValue(all) ? "no runs" : "no runs; --all lists those that have ended");
            else
                foreach (string line in RunLines.Table(list))
                    Console.WriteLine(line);
            return ExitCode.Success;
        }));
        return command;
    }

    public static Command Watch()
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var json = new Option<bool>("--json") { Description = "print JSON lines" };
        var command = new Command("watch", "Follow a run until it ends") { run, json };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs => WatchAsync(runs, parsed.GetValue(run)!, parsed.GetValue(json)).GetAwaiter().GetResult()));
        return command;
    }

    public static Command Logs()
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var worker = new Option<string>("--worker") { Description = "only this worker's lines", DefaultValueFactory = _ => "" };
        var follow = new Option<bool>("--follow") { Description = "keep printing new lines" };
        var command = new Command("logs", "Print the log lines of a run's workers") { run, worker, follow };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs =>
        {
            async Task<int> PrintAsync()
            {
                using var call = runs.Logs(new LogsRequest { Run = parsed.GetValue(run), Worker = parsed.GetValue(worker), Follow = parsed.GetValue(follow) });
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                    Console.WriteLine($"{RunLines.Clock(call.ResponseStream.Current.AtUnixMs)} {call.ResponseStream.Current.Worker}: {call.ResponseStream.Current.Text}");
                return ExitCode.Success;
            }
            return PrintAsync().GetAwaiter().GetResult();
        }));
        return command;
    }

    public static Command Pause() => Simple("pause", "Stop a run after its iteration, with a snapshot", (runs, name) => runs.Pause(new PauseRequest { Run = name }));

    public static Command Cancel() => Simple("cancel", "End a run; its snapshots are kept", (runs, name) => runs.Cancel(new CancelRequest { Run = name }));

    public static Command Resume()
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var set = new Option<string[]>("--set") { Description = "a free spec key, as key=value; repeatable" };
        var accept = new Option<bool>("--accept-new-numerics") { Description = "continue although the numerics version, libtorch, the device or threads differ" };
        var command = new Command("resume", "Continue a run that was paused or has failed") { run, set, accept };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs =>
        {
            var request = new ResumeRequest { Run = parsed.GetValue(run), AcceptNewNumerics = parsed.GetValue(accept) };
            request.Assignments.AddRange(parsed.GetValue(set) ?? []);
            Console.WriteLine(RunLines.Sentence(runs.Resume(request)));
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command Simple(string name, string description, Func<RunsClient, string, Run> call)
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var command = new Command(name, description) { run };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, runs =>
        {
            Console.WriteLine(RunLines.Sentence(call(runs, parsed.GetValue(run)!)));
            return ExitCode.Success;
        }));
        return command;
    }

    private static async Task<int> WatchAsync(RunsClient runs, string name, bool json)
    {
        Run? last = null;
        using var call = runs.Watch(new WatchRequest { Run = name });
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var update = call.ResponseStream.Current;
            if (json)
                Console.WriteLine(update.Run is { } told ? new JsonObject { ["run"] = RunLines.ToJson(told) }.ToJsonString() : new JsonObject { ["event"] = JsonNode.Parse(update.Event.Json) }.ToJsonString());
            else if (update.Event is { } happened)
                Console.WriteLine($"{RunLines.Clock(happened.AtUnixMs)} {happened.Text}");
            else if (last is null || last.Status != update.Run.Status)
                Console.WriteLine(RunLines.Sentence(update.Run));
            last = update.Run ?? last;
        }
        return last?.Status switch
        {
            RunStatus.Finished => ExitCode.Success,
            RunStatus.Failed => ExitCode.Failure,
            _ => ExitCode.Interrupted,
        };
    }
}

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
        var set = new Option<string[]>("--set") { Description = "a spec key, as key=value; repeatable" };
        var priority = new Option<int>("--priority") { Description = "runs with a higher priority get workers first" };
        var min = new Option<int>("--min-workers") { Description = "it waits until this many workers are free", DefaultValueFactory = _ => 1 };
        var max = new Option<int>("--max-workers") { Description = "it takes no more than this (default: one per shard)" };
        var init = new Option<string>("--init") { Description = "start from the networks of this .safetensors file, as the workers see it", DefaultValueFactory = _ => "" };
        var accept = new Option<bool>("--accept-new-numerics") { Description = "continue although the store's snapshots were computed under other numerics" };
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

/// <summary>Runs as text and as JSON.</summary>
internal static class RunLines
{
    /// <summary>One line per run, below a heading.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<Run> runs)
    {
        int width = Math.Max(3, runs.Max(run => run.Run_.Length));
        yield return $"{"run".PadRight(width)}  {"status",-9}  {"workers",7}  {"kimg",10}  {"img/s",8}  {"priority",8}  why";
        foreach (var run in runs)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{run.Run_.PadRight(width)}  {Status(run),-9}  {run.Workers.Count,7}  {run.Images / 1000.0,10:0.0##}  {run.ImagesPerSecond,8:0.0}  {run.Priority,8}  {run.Reason}");
        }
    }

    /// <summary>A run in a sentence.</summary>
    public static string Sentence(Run run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{run.Run_} is {Status(run)} at {run.Images / 1000.0:0.0##} kimg{(run.Workers.Count > 0 ? $" on {string.Join(", ", run.Workers)}" : "")}{(run.Reason.Length > 0 ? $" ({run.Reason})" : "")}{string.Concat(run.Evaluations.Select(Measuring))}");

    /// <summary>A run as JSON.</summary>
    public static JsonObject ToJson(Run run) => new()
    {
        ["run"] = run.Run_,
        ["status"] = Status(run),
        ["reason"] = run.Reason,
        ["workers"] = new JsonArray([.. run.Workers.Select(worker => JsonValue.Create(worker))]),
        ["generation"] = run.Generation,
        ["iteration"] = run.Iteration,
        ["target_iteration"] = run.TargetIteration,
        ["kimg"] = run.Images / 1000.0,
        ["images_per_s"] = run.ImagesPerSecond,
        ["priority"] = run.Priority,
        ["min_workers"] = run.MinWorkers,
        ["max_workers"] = run.MaxWorkers,
        ["evaluations"] = new JsonArray([.. run.Evaluations.Select(evaluation => new JsonObject
        {
            ["metric"] = evaluation.Metric,
            ["snapshot"] = evaluation.Snapshot,
            ["samples_done"] = evaluation.SamplesDone,
            ["samples"] = evaluation.Samples,
        })]),
        ["snapshot_kimg"] = run.HasSnapshotImages ? run.SnapshotImages / 1000.0 : null,
    };

    /// <summary>A moment, by this machine's clock.</summary>
    public static string Clock(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Measuring(Evaluation evaluation) => string.Create(
        CultureInfo.InvariantCulture, $"; measures {evaluation.Metric} of {evaluation.Snapshot}, {100.0 * evaluation.SamplesDone / Math.Max(1, evaluation.Samples):0}%");

    private static string Status(Run run) => run.Status.ToString().ToLowerInvariant();
}
