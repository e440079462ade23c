using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Cli.Cluster;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Core;

namespace Atelier.Bench;

/// <summary><c>fleet</c>: how one coordinator, or several replicas, serve many workers, over real streams.</summary>
internal static class FleetCommand
{
    public static Command Create()
    {
        var workers = new Option<int>("--workers") { Description = "fake workers", DefaultValueFactory = _ => 1000 };
        var dashboards = new Option<int>("--dashboards") { Description = "open pages of the run, which follow it" };
        var replicas = new Option<int>("--replicas") { Description = "coordinators, which share --database", DefaultValueFactory = _ => 1 };
        var database = new Option<string>("--database") { Description = "where they keep their state, as coordinators take it: postgres:… (default: a SQLite file)" };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("fleet", "Time a coordinator under many workers that compute nothing") { workers, dashboards, replicas, database, json };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(workers);
            if (count is < 1 or > 100_000)
                throw new UserErrorException($"--workers {count}: must be from 1 to 100000");
            if (parsed.GetValue(dashboards) is not (>= 0 and <= 1000 and var pages))
                throw new UserErrorException($"--dashboards {parsed.GetValue(dashboards)}: must be from 0 to 1000");
            string? shared = parsed.GetValue(database);
            if (parsed.GetValue(replicas) is not (>= 1 and <= 16 and var coordinators) || (coordinators > 1 && shared is null))
                throw new UserErrorException($"--replicas {parsed.GetValue(replicas)}: must be from 1 to 16, and more than one need a --database to share");
            var rate = FleetBenchmark.RunAsync(count, pages, coordinators, shared).GetAwaiter().GetResult();
            if (parsed.GetValue(json))
            {
                Console.WriteLine(new JsonObject
                {
                    ["workers"] = rate.Workers,
                    ["attach_seconds"] = Math.Round(rate.AttachSeconds, 3),
                    ["change_seconds"] = Math.Round(rate.ChangeSeconds, 3),
                    ["heartbeat_cpu_share"] = Math.Round(rate.HeartbeatCpuShare, 4),
                    ["dashboards"] = pages,
                    ["dashboards_cpu_share"] = Math.Round(rate.DashboardCpuShare, 4),
                }.ToJsonString());
                return ExitCode.Success;
            }
            Console.WriteLine($"{rate.Workers} workers: attached and running after {rate.AttachSeconds:0.00} s; everyone's new assignment {rate.ChangeSeconds:0.00} s after a join; heartbeats take {rate.HeartbeatCpuShare:0.0%} of a core"
                + (pages > 0 ? $"; with progress and {pages} open dashboards, which fetched {rate.DashboardFetches} parts in {FleetBenchmark.Quiet.TotalSeconds} s, all takes {rate.DashboardCpuShare:0.0%}" : ""));
            return ExitCode.Success;
        });
        return command;
    }
}

/// <summary>How one coordinator serves many workers.</summary>
/// <param name="Workers">How many.</param>
/// <param name="AttachSeconds">From the first stream to all of them in one running generation.</param>
/// <param name="ChangeSeconds">From attaching one more worker to the new assignment of all.</param>
/// <param name="HeartbeatCpuShare">Share of one core that the coordinator uses when there are only heartbeats.</param>
/// <param name="DashboardCpuShare">Share of one core that it uses when the run gets on and dashboards follow it; 0 without dashboards.</param>
/// <param name="DashboardFetches">Parts of pages that the dashboards fetched meanwhile.</param>
internal sealed record FleetRate(int Workers, double AttachSeconds, double ChangeSeconds, double HeartbeatCpuShare, double DashboardCpuShare, int DashboardFetches);

/// <summary>Loads coordinators, processes of their own, with fake workers of this process.</summary>
internal static class FleetBenchmark
{
    /// <summary>The run that all of them serve.</summary>
    public const string Run = "bench";

    private const int FirstReplicaPort = 17400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Long enough that a join may end the generation.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    /// <param name="workers">Fake workers, without the one that joins later.</param>
    /// <param name="dashboards">Pages of the run that are open in the second part of the measurement.</param>
    /// <param name="replicas">Coordinators, among which the workers' connections are shared out.</param>
    /// <param name="database">Address of a database that they share, without its password; null for a SQLite file of one coordinator.</param>
    public static async Task<FleetRate> RunAsync(int workers, int dashboards, int replicas, string? database)
    {
        var folder = Directory.CreateTempSubdirectory("atelier-");
        try
        {
            string[] addresses = [.. Enumerable.Range(0, replicas).Select(replica => $"unix:{Path.Combine(folder.FullName, $"c{replica}.sock")}")];
            using var processes = new LocalProcesses(Console.Error.WriteLine);
            string[] coordinators = [.. addresses.Select((_, replica) => $"coordinator {replica}")];
            for (int replica = 0; replica < replicas; replica++)
            {
                string[] state = database is null
                    ? ["--database", Path.Combine(folder.FullName, "c.db")]
                    : ["--database", database, "--replica-listen", $"127.0.0.1:{FirstReplicaPort + replica}"];
                processes.Start(coordinators[replica], ["coordinator", "--listen", addresses[replica], .. state, "--no-run-files"]);
            }
            foreach (string address in addresses)
            {
                using var channel = CoordinatorChannel.Open(address, null);
                await SubmitAsync(new Runs.RunsClient(channel), processes, workers + 1, Path.Combine(folder.FullName, "run"));
            }
            using var fleet = new FakeFleet(addresses);
            var clock = Stopwatch.StartNew();
            fleet.Attach(workers);
            await fleet.UntilAllAsync(WorkerStage.Stepping, 1, Patience);
            double attached = clock.Elapsed.TotalSeconds;
            // Processes that have just started compile their own code for a while.
            await Task.Delay(Settling);
            double share = await ShareAsync(processes, coordinators);
            var (withDashboards, fetches) = (0.0, 0);
            if (dashboards > 0)
            {
                fleet.Advances = true;
                await using var pages = new FakeDashboards(addresses[0], Run, dashboards);
                await pages.UntilAllFollowAsync(Patience);
                withDashboards = await ShareAsync(processes, coordinators);
                fetches = pages.Fetches;
                fleet.Advances = false;
            }
            long next = fleet.Generation + 1;
            clock.Restart();
            fleet.Attach(1);
            await fleet.UntilAllAsync(WorkerStage.Ready, next, Patience);
            return new FleetRate(workers, attached, clock.Elapsed.TotalSeconds, share, withDashboards, fetches);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The share of one core that the coordinators use together for a while.</summary>
    private static async Task<double> ShareAsync(LocalProcesses processes, string[] coordinators)
    {
        TimeSpan Used() => coordinators.Aggregate(TimeSpan.Zero, (sum, name) => sum + processes.ProcessorTime(name));
        using var quiet = new PeriodicTimer(Quiet);
        var (before, clock) = (Used(), Stopwatch.StartNew());
        await quiet.WaitForNextTickAsync();
        return (Used() - before) / clock.Elapsed;
    }

    private static async Task SubmitAsync(Runs.RunsClient runs, LocalProcesses processes, int shards, string store)
    {
        var spec = new RunSpec { Resolution = new Resolution(8, 8), Batch = shards, Shard = 1, MbstdGroup = 1, PlWeight = 0, DataImages = shards };
        var request = new SubmitRequest { Run = Run, ResolvedSpecJson = RunSpecJson.Write(spec), DataPath = "/nowhere", RunStore = store };
        while (!processes.Failed.IsCompleted)
        {
            try
            {
                await runs.SubmitAsync(request);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(50);
            }
        }
        throw new IOException(await processes.Failed);
    }
}
