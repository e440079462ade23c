using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Worker.Benchmarks;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench allreduce</c>: how fast ranks on this host sum a buffer.</summary>
internal static class BenchAllReduceCommand
{
    private const int MostRanks = 64;
    private const int MostMegabytes = 2000;
    private const int MostRepetitions = 1000;

    public static Command Create()
    {
        var ranks = new Option<int>("--ranks") { Description = "how many take part", DefaultValueFactory = _ => 2 };
        var megabytes = new Option<int>("--megabytes") { Description = "size of the buffer, in 10^6 bytes of float32", DefaultValueFactory = _ => 16 };
        var transport = new Option<string>("--transport") { Description = "what lies between the ranks: shared memory of processes, TCP as between hosts, without TLS or with it, or nothing between threads", DefaultValueFactory = _ => AllReduceJob.SharedMemory };
        transport.AcceptOnlyFromAmong(AllReduceJob.Transports);
        var repetitions = new Option<int>("--repetitions") { Description = "timed sums; the median counts", DefaultValueFactory = _ => 7 };
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        // How the command starts its other ranks.
        var rank = new Option<int?>("--rank") { Hidden = true };
        var world = new Option<string?>("--world") { Hidden = true };
        var command = new Command("allreduce", "Time sums over several ranks on this host") { ranks, megabytes, transport, repetitions, json, rank, world };
        command.SetAction(parsed => Run(
            new AllReduceJob(parsed.GetValue(ranks), parsed.GetValue(megabytes), parsed.GetValue(repetitions), parsed.GetValue(transport)!),
            parsed.GetValue(rank), parsed.GetValue(world), parsed.GetValue(json)));
        return command;
    }

    private static int Run(AllReduceJob job, int? rank, string? world, bool json)
    {
        if (job.Ranks is < 1 or > MostRanks)
            throw new UserErrorException($"--ranks {job.Ranks}: a number from 1 to {MostRanks} is needed");
        if (job.Megabytes is < 1 or > MostMegabytes)
            throw new UserErrorException($"--megabytes {job.Megabytes}: a number from 1 to {MostMegabytes} is needed");
        if (job.Repetitions is < 1 or > MostRepetitions)
            throw new UserErrorException($"--repetitions {job.Repetitions}: a number from 1 to {MostRepetitions} is needed");
        if (rank is { } other && world is not null)
        {
            AllReduceRanks.RunRank(job, world, other, CancellationToken.None);
            return ExitCode.Success;
        }
        var rate = job.Transport == AllReduceJob.InProcess ? AllReduceRanks.RunThreads(job) : AllReduceRanks.RunProcesses(job);
        Console.WriteLine(json
            ? new JsonObject
            {
                ["seconds"] = Math.Round(rate.Seconds, 6),
                ["bus_gb_per_s"] = Math.Round(rate.BusGigabytesPerSecond, 4),
                ["extra_bytes_per_rank"] = rate.ExtraBytes,
            }.ToJsonString()
            : string.Create(CultureInfo.InvariantCulture, $"{job.Megabytes} MB over {job.Ranks} ranks ({job.Transport}): {rate.Seconds:0.00000} s, {rate.BusGigabytesPerSecond:0.000} GB/s on each link, {rate.ExtraBytes / 1e6:0.0} MB besides the buffer"));
        return ExitCode.Success;
    }
}
