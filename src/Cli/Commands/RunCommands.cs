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
        var all = new Option<bool>("--all") { Description = "runs that have ended, too" };
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
        var follow = new Option<bool>("--follow") { Description = "stay and print what comes" };
        var command = new Command("logs", "Print what workers said about a run") { run, worker, follow };
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

    public static Command Pause() => Simple("pause", "Let a run finish its iteration, save and stand still", (runs, name) => runs.Pause(new PauseRequest { Run = name }));

    public static Command Cancel() => Simple("cancel", "End a run for good; its snapshots stay", (runs, name) => runs.Cancel(new CancelRequest { Run = name }));

    public static Command Resume()
    {
        var run = new Argument<string>("run") { Description = "the run's name" };
        var set = new Option<string[]>("--set") { Description = "a free spec key, as key=value; may be given again" };
        var accept = new Option<bool>("--accept-new-numerics") { Description = "go on although the numerics version, libtorch, the device or threads differ" };
        var command = new Command("resume", "Let a run go on that was paused or has failed") { run, set, accept };
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
