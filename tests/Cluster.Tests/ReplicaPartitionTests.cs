using System.Globalization;
using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Three replicas on hosts of their own, that are killed, frozen and cut off, while workers on other hosts train through.</summary>
public sealed partial class ReplicaPartitionTests(PostgresServer postgres) : IDisposable
{
    private const int Replicas = 3;

    private static readonly int[] Coordinators = [1, 2, 3];

    private static readonly int[] Workers = [4, 5];

    private static readonly int Faults = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1" ? 30 : 4;

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<int, AtelierProcess> _coordinators = [];
    private readonly Dictionary<int, int> _starts = [];
    private Secrets _secrets = null!;
    private string _database = "";

    [Fact]
    public async Task Run_ThroughReplicasThatAreLostInAnyWay_SameStateAndNothingTwice()
    {
        using var hosts = VirtualHosts.TryCreate(5);
        Assert.SkipWhen(hosts is null, "network namespaces cannot be made here (no iproute2, not root, or the kernel does not allow them)");
        if (await postgres.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
        int seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        _database = postgres.MakeSchema();
        TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);
        _secrets = new Secrets(_folder);
        _secrets.Make(Coordinators, Workers);
        foreach (int host in Coordinators)
            StartReplica(hosts, host);
        foreach (int host in Coordinators)
            UntilListening(host);
        var workers = Workers.Select(host => hosts.Start(host, Worker(host))).ToList();
        try
        {
            Assert.All(workers, worker => Assert.True(worker.WaitForLines(1, line => line.StartsWith("attached", StringComparison.Ordinal))));
            Call(hosts, 1, "submit", ["faces", "--data", _folder["data"], "--out", _folder["run"], "--recipe", "config-f", .. Keys(), "--kimg", "1000"]).Succeeded();
            UntilTicks(workers[0], 3);
            for (int fault = 0; fault < Faults; fault++)
            {
                int victim = random.Next(1, Replicas + 1), other = (victim % Replicas) + 1;
                Harm(hosts, victim, other, random.Next(3));
            }

            Call(hosts, 1, "pause", "faces").Succeeded();
            UntilStatus(hosts, 1, "paused");
            var drained = workers.Select(worker =>
            {
                worker.Signal("TERM");
                return worker.WaitForExit().Succeeded();
            }).ToList();

            var newest = AtelierProcess.Run("snapshots", _folder["run"], "--json").Succeeded().Json.Single().EnumerateArray().Last();
            int images = (int)Math.Round(newest.GetProperty("kimg").GetDouble() * 1000);
            // A soak's run is long.
            using var single = AtelierProcess.Start(TinyRun.Train(_folder["data"], _folder["alone"], images, TinyRun.Set(["tick-kimg=4", "snapshot-kimg=1000"])));
            var alone = single.WaitForExit(TimeSpan.FromMinutes(20)).Succeeded();
            Assert.Equal(alone.StateSha256, newest.GetProperty("state_sha256").GetString());
            new EventLog(_folder["run"]).AssertNothingLost();
            long iterations = images / TinyRun.Batch;
            Assert.All(drained, worker => Assert.InRange(PhasesApplied(worker), 1, (2 * iterations) + ((iterations + 1) / 2) + ((iterations + 2) / 3)));
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }

    public void Dispose()
    {
        foreach (var coordinator in _coordinators.Values)
            coordinator.Dispose();
        _folder.Dispose();
    }

    /// <summary>Does something to a replica until the others have given it up and serve, and then undoes it.</summary>
    private void Harm(VirtualHosts hosts, int victim, int other, int kind)
    {
        int gone = _coordinators[other].Count(line => IsGone(line, victim));
        int ticks = Ticks();
        switch (kind)
        {
            case 0:
                _coordinators[victim].Kill();
                break;
            case 1:
                _coordinators[victim].Signal("STOP");
                break;
            default:
                hosts.Connect(victim, false);
                break;
        }

        Assert.True(_coordinators[other].WaitForLines(gone + 1, line => IsGone(line, victim)));
        UntilStatus(hosts, other, "running");
        UntilTicks(_coordinators[other], ticks + 1);
        switch (kind)
        {
            case 0:
                _coordinators[victim].Dispose();
                StartReplica(hosts, victim);
                break;
            case 1:
                _coordinators[victim].Signal("CONT");
                _starts[victim]++;
                break;
            default:
                hosts.Connect(victim, true);
                _starts[victim]++;
                break;
        }

        UntilListening(victim);
        TestContext.Current.SendDiagnosticMessage($"replica {victim} was {(kind == 0 ? "killed" : kind == 1 ? "frozen" : "cut off")} at tick {ticks}");
    }

    private static bool IsGone(string line, int replica) => line == $"replica {VirtualHosts.AddressOf(replica)}:11111 left";

    private static string[] Keys() => TinyRun.Set([.. SmallRun.Keys, "tick-kimg=0.4", "snapshot-kimg=4"]);

    private static string AddressOf(int host) => $"https://{VirtualHosts.AddressOf(host)}:7070";

    private void StartReplica(VirtualHosts hosts, int host)
    {
        _starts[host] = 1;
        _coordinators[host] = hosts.Start(
            host, ["coordinator", "--listen", $"{VirtualHosts.AddressOf(host)}:7070", "--database", $"postgres:{_database}", .. _secrets.OfCoordinator(host)]);
    }

    private void UntilListening(int host) =>
        Assert.True(_coordinators[host].WaitForLines(_starts[host], line => line.StartsWith("listening", StringComparison.Ordinal)), $"replica {host} ended");

    private string[] Worker(int host) =>
    [
        "worker", "--name", $"host{host}", .. Coordinators.SelectMany(coordinator => (string[])["--coordinator", AddressOf(coordinator)]),
        "--lanes", "1", "--listen", $"{VirtualHosts.AddressOf(host)}:7071", .. _secrets.OfWorker(host),
    ];

    private AtelierResult Call(VirtualHosts hosts, int coordinator, string command, params string[] arguments)
    {
        using var call = hosts.Start(Workers[0], [command, .. arguments, "--coordinator", AddressOf(coordinator), .. _secrets.OfPerson]);
        return call.WaitForExit();
    }

    private void UntilStatus(VirtualHosts hosts, int coordinator, string status)
    {
        for (int attempt = 0; attempt < 60; attempt++)
        {
            if (Call(hosts, coordinator, "ls").Text.Contains(status, StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"the run is not {status}");
    }

    private int Ticks() => File.Exists(Path.Combine(_folder["run"], "stats.jsonl")) ? File.ReadAllLines(Path.Combine(_folder["run"], "stats.jsonl")).Length : 0;

    /// <summary>Waits for the run to have come so far, as long as a process lives.</summary>
    private void UntilTicks(AtelierProcess process, int ticks)
    {
        while (Ticks() < ticks)
            Assert.True(process.RunsAfter(TimeSpan.FromMilliseconds(200)), "a process ended");
    }

    private static long PhasesApplied(AtelierResult worker) => long.Parse(Applied().Match(worker.Text).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) phases applied")]
    private static partial Regex Applied();
}
