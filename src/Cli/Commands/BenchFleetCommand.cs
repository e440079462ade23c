using System.CommandLine;
using System.Text.Json.Nodes;
using Atelier.Cli.Cluster;
using Atelier.Core;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench fleet</c>: how one coordinator serves many workers, over real streams.</summary>
internal static class BenchFleetCommand
{
    public static Command Create()
    {
        var workers = new Option<int>("--workers") { Description = "fake workers", DefaultValueFactory = _ => 1000 };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("fleet", "Time a coordinator under many workers that compute nothing") { workers, json };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(workers);
            if (count is < 1 or > 100_000)
                throw new UserErrorException($"--workers {count}: 1 to 100000 make sense");
            var rate = FleetBenchmark.RunAsync(count).GetAwaiter().GetResult();
            if (parsed.GetValue(json))
            {
                Console.WriteLine(new JsonObject
                {
                    ["workers"] = rate.Workers,
                    ["attach_seconds"] = Math.Round(rate.AttachSeconds, 3),
                    ["change_seconds"] = Math.Round(rate.ChangeSeconds, 3),
                    ["heartbeat_cpu_share"] = Math.Round(rate.HeartbeatCpuShare, 4),
                }.ToJsonString());
                return ExitCode.Success;
            }
            Console.WriteLine($"{rate.Workers} workers: attached and running after {rate.AttachSeconds:0.00} s; everyone's new assignment {rate.ChangeSeconds:0.00} s after a join; heartbeats take {rate.HeartbeatCpuShare:0.0%} of a core");
            return ExitCode.Success;
        });
        return command;
    }
}
