using System.CommandLine;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Protos;

namespace Atelier.Cli.Commands;

/// <summary>What people ask a coordinator about runs: <c>ls</c>, <c>describe</c>, <c>logs</c>, <c>events</c>, <c>pause</c>, <c>resume</c>, <c>cancel</c>, <c>delete</c>.</summary>
internal static class RunCommands
{
    /// <summary>How many of a run's last events <c>describe</c> shows, without ticks.</summary>
    private const int LastEvents = 10;

    /// <summary>How many it looks through: as many as a coordinator keeps.</summary>
    private const int LookedThrough = 500;

    public static Command List()
    {
        var all = new Option<bool>("--all") { Description = "include runs that have ended" };
        var command = new Command("ls", "List the runs of a coordinator") { all };
        var output = new OutputOption();
        output.AddTo(command);
        SetAction(command, async (parsed, replicas) =>
        {
            var list = (await replicas.CallAsync(runs => runs.ListAsync(new ListRequest { IncludeEnded = parsed.GetValue(all) }))).Runs;
            output.Print(
                parsed,
                () => new JsonArray([.. list.Select(RunLines.ToJson)]),
                () => list.Count > 0 ? RunLines.Table(list) : [parsed.GetValue(all) ? "no runs" : "no runs; --all includes those that have ended"]);
        });
        return command;
    }

    public static Command Describe()
    {
        var run = RunArgument();
        var command = new Command("describe", "Show everything about a run") { run };
        var output = new OutputOption();
        output.AddTo(command);
        SetAction(command, async (parsed, replicas) =>
        {
            var known = await replicas.CallAsync(runs => runs.DescribeAsync(new DescribeRequest { Run = parsed.GetValue(run), LastEvents = LookedThrough }));
            // Ticks say how far the run is, which stands above; they would leave no room for what happened.
            var events = known.LastEvents.Where(IsNoTick).TakeLast(LastEvents).ToList();
            known.LastEvents.Clear();
            known.LastEvents.AddRange(events);
            output.Print(parsed, () => RunLines.ToJson(known), () => RunLines.Describe(known));
        });
        return command;
    }

    public static Command Logs()
    {
        var run = RunArgument();
        var worker = new Option<string>("--worker") { Description = "only lines from this worker, or from `coordinator`", DefaultValueFactory = _ => "" };
        var follow = new Option<bool>("--follow") { Description = "keep printing new lines" };
        var command = new Command("logs", "Print what workers and the coordinator logged about a run") { run, worker, follow };
        var output = new OutputOption("text");
        output.AddTo(command);
        SetAction(command, async (parsed, replicas) =>
        {
            using var call = (await replicas.ConnectAsync()).Logs(new LogsRequest { Run = parsed.GetValue(run), Worker = parsed.GetValue(worker), Follow = parsed.GetValue(follow) });
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                var line = call.ResponseStream.Current;
                Console.WriteLine(output.IsJson(parsed)
                    ? new JsonObject { ["at"] = RunLines.Moment(line.AtUnixMs), ["worker"] = line.Worker, ["text"] = line.Text }.ToJsonString()
                    : $"{RunLines.Clock(line.AtUnixMs)} {line.Worker}: {line.Text}");
            }
        });
        return command;
    }

    public static Command Events()
    {
        var run = RunArgument();
        var ticks = new Option<bool>("--ticks") { Description = "include tick lines" };
        var command = new Command("events", "Print the events of a run, as far back as the coordinator keeps them") { run, ticks };
        var output = new OutputOption("text");
        output.AddTo(command);
        SetAction(command, async (parsed, replicas) =>
        {
            var known = await replicas.CallAsync(runs => runs.DescribeAsync(new DescribeRequest { Run = parsed.GetValue(run), LastEvents = LookedThrough }));
            foreach (var happened in known.LastEvents.Where(happened => parsed.GetValue(ticks) || IsNoTick(happened)))
                Console.WriteLine(output.IsJson(parsed) ? happened.Json : $"{RunLines.Moment(happened.AtUnixMs)} {happened.Text}");
        });
        return command;
    }

    public static Command Pause()
    {
        var run = RunArgument();
        var command = new Command("pause", "Pause a run after its current iteration, with a snapshot") { run };
        SetAction(command, async (parsed, replicas) => Say(await replicas.CallAsync(runs => runs.PauseAsync(new PauseRequest { Run = parsed.GetValue(run) }))));
        return command;
    }

    public static Command Cancel()
    {
        var run = RunArgument();
        var discard = new Option<bool>("--discard") { Description = "discard everything since the newest snapshot, instead of saving it first" };
        var command = new Command("cancel", "End a run for good, with a snapshot; its files are kept") { run, discard };
        SetAction(command, async (parsed, replicas) =>
            Say(await replicas.CallAsync(runs => runs.CancelAsync(new CancelRequest { Run = parsed.GetValue(run), Discard = parsed.GetValue(discard) }))));
        return command;
    }

    public static Command Resume()
    {
        var run = RunArgument();
        var set = new Option<string[]>("--set") { Description = "a free spec key, as key=value; repeatable" };
        var accept = new Option<bool>("--accept-new-numerics") { Description = "continue even if the numerics version, libtorch, the device or threads differ" };
        var command = new Command("resume", "Continue a run that is paused or has failed") { run, set, accept };
        SetAction(command, async (parsed, replicas) =>
        {
            var request = new ResumeRequest { Run = parsed.GetValue(run), AcceptNewNumerics = parsed.GetValue(accept) };
            request.Assignments.AddRange(parsed.GetValue(set) ?? []);
            Say(await replicas.CallAsync(runs => runs.ResumeAsync(request)));
        });
        return command;
    }

    public static Command Delete()
    {
        var run = RunArgument();
        var yes = new Option<bool>("--yes") { Description = "do not ask for confirmation" };
        var command = new Command("delete", "Remove a run that has ended from the coordinator; its files are kept") { run, yes };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, async replicas =>
        {
            string name = parsed.GetValue(run)!;
            if (!parsed.GetValue(yes))
            {
                var known = await replicas.CallAsync(runs => runs.DescribeAsync(new DescribeRequest { Run = name }));
                if (!IsConfirmed(known))
                {
                    Console.WriteLine($"{name} is kept");
                    return ExitCode.Success;
                }
            }
            var deleted = await replicas.CallAsync(runs => runs.DeleteAsync(new DeleteRequest { Run = name }));
            Console.WriteLine($"deleted {name} from the coordinator; its files are still in {deleted.RunStore}");
            return ExitCode.Success;
        }));
        return command;
    }

    private static bool IsNoTick(RunEvent happened) => JsonNode.Parse(happened.Json) is JsonObject json && json.ContainsKey("event");

    private static bool IsConfirmed(RunDescription known)
    {
        if (Console.IsInputRedirected)
            throw new UserErrorException($"`atelier delete` needs a confirmation and there is no terminal to ask at; pass --yes to delete {known.Run.Run_}");
        Console.Write($"{RunLines.Sentence(known.Run)}\ndelete it from the coordinator? Its files in {known.Places.RunStore} are kept. [y/N] ");
        return Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static Argument<string> RunArgument() => new("run") { Description = "the run's name" };

    private static void Say(Run run) => Console.WriteLine(RunLines.Sentence(run));

    private static void SetAction(Command command, Func<ParseResult, CoordinatorReplicas, Task> call)
    {
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, async replicas =>
        {
            await call(parsed, replicas);
            return ExitCode.Success;
        }));
    }
}
