using System.Diagnostics;
using System.Globalization;
using Atelier.Protos;
using Atelier.TestKit;
using Grpc.Core;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Atelier.Cluster.Tests;

/// <summary>Three coordinators over one database: any of them may go, and workers train through.</summary>
public sealed class ReplicaTests(PostgresServer postgres) : IDisposable
{
    private const string Run = "faces";

    private const double TickKimg = StandingCluster.TickKimg;

    private StandingCluster? _cluster;

    /// <summary>What is done to a replica.</summary>
    public enum ReplicaFault
    {
        /// <summary>It is killed.</summary>
        Kill,

        /// <summary>It is frozen until the others have given it up.</summary>
        Freeze,

        /// <summary>It is asked to stop.</summary>
        Stop,
    }

    private StandingCluster Cluster => _cluster!;

    [Fact]
    public async Task Run_WhileReplicasGo_IsServedAndTrainsOn()
    {
        await StartAsync();
        var before = await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);
        await AssertPagesAgreeAsync();
        await using var page = new ReplicaPage(Cluster.AddressOf(0), Run);
        var seen = await page.NextTickAsync();
        var seconds = new Dictionary<ReplicaFault, List<double>>();
        foreach (var fault in Enum.GetValues<ReplicaFault>())
        {
            int victim = seconds.Values.Sum(taken => taken.Count) % Cluster.Replicas, other = (victim + 1) % Cluster.Replicas;
            seconds.TryAdd(fault, []);
            seconds[fault].Add(await DoAsync(fault, victim, other));
            if (fault == ReplicaFault.Kill)
                await AssertAnotherPageGoesOnAsync(page, seen, other);
            await RepairAsync(fault, victim, other);
        }

        foreach (var (fault, taken) in seconds)
            TestContext.Current.SendDiagnosticMessage($"{fault}: served again after {string.Join(", ", taken.Select(value => value.ToString("0.0", CultureInfo.InvariantCulture)))} s");
        await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running);
        // No generation ended because of it, and nothing was lost.
        new EventLog(Cluster.Store).AssertNoneEndedSince(before.Generation);
        await Cluster.AssertOneTrajectoryAsync(Run);
    }

    [Fact]
    public async Task AllReplicas_KilledAndStarted_ServeSoonAndTheWorkersHaveTrainedOn()
    {
        await StartAsync();
        var before = await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);
        var said = await SaidAsync();
        Assert.NotEmpty(said);
        for (int replica = 0; replica < Cluster.Replicas; replica++)
            Cluster.KillReplica(replica);
        var clock = Stopwatch.StartNew();
        for (int replica = 0; replica < Cluster.Replicas; replica++)
            Cluster.StartReplica(replica);

        await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration);

        TestContext.Current.SendDiagnosticMessage($"served again after {clock.Elapsed.TotalSeconds:0.0} s");
        new EventLog(Cluster.Store).AssertNoneEndedSince(before.Generation);
        // None of those who heard it is left.
        Assert.Subset((await SaidAsync()).ToHashSet(), said.ToHashSet());
        await Cluster.AssertOneTrajectoryAsync(Run);
    }

    public void Dispose() => _cluster?.Dispose();

    private async Task AssertPagesAgreeAsync()
    {
        for (int replica = 0; replica < Cluster.Replicas; replica++)
        {
            await using var page = new ReplicaPage(Cluster.AddressOf(replica), Run);
            Assert.Equal([(Run, 1000.0)], await page.RunsAsync());
        }
    }

    /// <summary>The page of the replica that was killed ends; another replica's, opened in its place, has every tick that came after.</summary>
    private async Task AssertAnotherPageGoesOnAsync(ReplicaPage killed, (string Number, double Kimg) seen, int other)
    {
        try
        {
            while (true)
                seen = await killed.NextTickAsync();
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException)
        {
            // Its replica is.
        }

        await using var page = new ReplicaPage(Cluster.AddressOf(other), Run, seen.Number);
        for (int tick = 0; tick < 3; tick++)
        {
            var next = await page.NextTickAsync();
            Assert.True(long.Parse(next.Number, CultureInfo.InvariantCulture) > long.Parse(seen.Number, CultureInfo.InvariantCulture), $"{next} comes after {seen}");
            Assert.Equal(seen.Kimg + TickKimg, next.Kimg, 3);
            seen = next;
        }
    }

    /// <summary>What was said about the run, and what happened to it.</summary>
    private async Task<List<string>> SaidAsync()
    {
        using var call = Cluster.Runs.Logs(new LogsRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
        var said = new List<string>();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
            said.Add(call.ResponseStream.Current.Text);
        var known = await Cluster.Runs.DescribeAsync(new DescribeRequest { Run = Run, LastEvents = 500 }, cancellationToken: TestContext.Current.CancellationToken);
        return [.. said, .. known.LastEvents.Where(happened => happened.Json.Contains("\"event\"", StringComparison.Ordinal)).Select(happened => happened.Json)];
    }

    private async Task StartAsync()
    {
        if (await postgres.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
        _cluster = new StandingCluster(database: postgres.MakeSchema(), replicas: 3);
        for (int replica = 0; replica < Cluster.Replicas; replica++)
            await Cluster.UntilReplicaSaysAsync(replica, 1, line => line.StartsWith("listening", StringComparison.Ordinal));
        await Cluster.TrainOnTwoAsync(Run);
    }

    /// <summary>Does it, and waits until another replica serves people and hears of progress that was made since.</summary>
    /// <returns>Seconds from the fault until then.</returns>
    private async Task<double> DoAsync(ReplicaFault fault, int victim, int other)
    {
        var before = await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running, other);
        var clock = Stopwatch.StartNew();
        if (fault == ReplicaFault.Kill)
            Cluster.KillReplica(victim);
        else
            Cluster.SignalReplica(victim, fault == ReplicaFault.Stop ? "TERM" : "STOP");
        var first = await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration, other);
        // What was on its way before may tell of progress once, not twice.
        await Cluster.UntilAsync(Run, run => run.Iteration > first.Iteration, other);
        return clock.Elapsed.TotalSeconds;
    }

    private async Task RepairAsync(ReplicaFault fault, int victim, int other)
    {
        if (fault == ReplicaFault.Freeze)
        {
            Cluster.SignalReplica(victim, "CONT");
        }
        else
        {
            if (fault == ReplicaFault.Stop)
                Assert.Equal(0, Cluster.UntilReplicaEnds(victim).ExitCode);
            Cluster.StartReplica(victim);
        }

        await Cluster.UntilAsync(Run, run => run.Status == RunStatus.Running, victim);
    }
}
