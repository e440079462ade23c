using System.CommandLine;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Protos;

namespace Atelier.Cli.Commands;

/// <summary>What people ask a coordinator about workers: <c>workers</c>, <c>evict</c>.</summary>
internal static class FleetCommands
{
    public static Command Workers()
    {
        var command = new Command("workers", "List the workers of a coordinator");
        var output = new OutputOption();
        output.AddTo(command);
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, async replicas =>
        {
            var list = (await replicas.CallAsync(runs => runs.ListWorkersAsync(new ListWorkersRequest()))).Workers;
            output.Print(
                parsed,
                () => new JsonArray([.. list.Select(RunLines.ToJson)]),
                () => list.Count > 0 ? RunLines.Table(list) : ["no workers; start one with `atelier worker`"]);
            return ExitCode.Success;
        }));
        return command;
    }

    public static Command Evict()
    {
        var worker = new Argument<string>("worker") { Description = "the worker's name" };
        var reason = new Option<string>("--reason") { Description = "reason, shown to others and in the worker's log", Required = true };
        var ban = new Option<bool>("--ban") { Description = "for good: this process may not come back, but one started later may" };
        var command = new Command("evict", "Take a worker out of the fleet for a while; its run continues without it") { worker, reason, ban };
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed => coordinator.Call(parsed, async replicas =>
        {
            var request = new EvictRequest { Worker = parsed.GetValue(worker), Reason = parsed.GetValue(reason), Ban = parsed.GetValue(ban) };
            Console.WriteLine(RunLines.Sentence(await replicas.CallAsync(runs => runs.EvictAsync(request))));
            return ExitCode.Success;
        }));
        return command;
    }
}
