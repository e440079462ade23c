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

/// <summary><c>fleet</c>: how one coordinator serves many workers, over real streams.</summary>
internal static class FleetCommand
{
    public static Command Create()
    {
        var workers = new Option<int>("--workers") { Description = "fake workers", DefaultValueFactory = _ => 1000 };
        var dashboards = new Option<int>("--dashboards") { Description = "open pages of the run, which follow it" };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("fleet", "Time a coordinator under many workers that compute nothing") { workers, dashboards, json };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(workers);
            if (count is < 1 or > 100_000)
                throw new UserErrorException($"--workers {count}: must be from 1 to 100000");
            if (parsed.GetValue(dashboards) is not (>= 0 and <= 1000 and var pages))
                throw new UserErrorException($"--dashboards {parsed.GetValue(dashboards)}: must be from 0 to 1000");
            var rate = FleetBenchmark.RunAsync(count, pages).GetAwaiter().GetResult();
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

/// <summary>Loads a coordinator, a process of its own, with fake workers of this process.</summary>
internal static class FleetBenchmark
{
    /// <summary>The run that all of them serve.</summary>
    public const string Run = "bench";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    /// <summary>Long enough that a join may end the generation.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    /// <param name="workers">Fake workers, without the one that joins later.</param>
    /// <param name="dashboards">Pages of the run that are open in the second part of the measurement.</param>
    public static async Task<FleetRate> RunAsync(int workers, int dashboards)
    {
        var folder = Directory.CreateTempSubdirectory("atelier-");
        try
        {
            string address = $"unix:{Path.Combine(folder.FullName, "c.sock")}";
            using var processes = new LocalProcesses(Console.Error.WriteLine);
            processes.Start("the coordinator", ["coordinator", "--listen", address, "--database", Path.Combine(folder.FullName, "c.db"), "--no-run-files"]);
            using var channel = CoordinatorChannel.Open(address, null);
            var runs = new Runs.RunsClient(channel);
            await SubmitAsync(runs, processes, workers + 1, Path.Combine(folder.FullName, "run"));
            using var fleet = new FakeFleet(address);
            var clock = Stopwatch.StartNew();
            fleet.Attach(workers);
            await fleet.UntilAllAsync(WorkerStage.Stepping, 1, Patience);
            double attached = clock.Elapsed.TotalSeconds;
            double share = await ShareAsync(processes);
            var (withDashboards, fetches) = (0.0, 0);
            if (dashboards > 0)
            {
                fleet.Advances = true;
                await using var pages = new FakeDashboards(address, Run, dashboards);
                await pages.UntilAllFollowAsync(Patience);
                withDashboards = await ShareAsync(processes);
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

    /// <summary>The share of one core that the coordinator uses for a while.</summary>
    private static async Task<double> ShareAsync(LocalProcesses processes)
    {
        using var quiet = new PeriodicTimer(Quiet);
        var (before, clock) = (processes.ProcessorTime("the coordinator"), Stopwatch.StartNew());
        await quiet.WaitForNextTickAsync();
        return (processes.ProcessorTime("the coordinator") - before) / clock.Elapsed;
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
