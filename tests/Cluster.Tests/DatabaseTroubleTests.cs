using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>A database that is away, refuses to write, or is somebody else's; and clocks that do not agree. Its server is this test's own.</summary>
public sealed class DatabaseTroubleTests : IAsyncLifetime
{
    private const string Run = "faces";

    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    private static readonly TimeSpan AMinute = TimeSpan.FromMinutes(1);

    private readonly PostgresServer _postgres = new();
    private readonly List<IDisposable> _used = [];

    public async ValueTask InitializeAsync()
    {
        if (await _postgres.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
    }

    [Fact]
    public async Task Database_DownAtTheStart_IsNamedAndWaitedFor()
    {
        var schema = _postgres.MakeSchema();
        _postgres.Stop();
        var cluster = Use(new StandingCluster(database: schema));

        await cluster.UntilSaidAsync(line => line.Contains("the database postgres at ", StringComparison.Ordinal) && line.Contains("cannot be used", StringComparison.Ordinal));
        _postgres.Start();

        await cluster.UntilSaidAsync(IsListening);
    }

    [Fact]
    public async Task Database_AwayAMinuteThenReadOnly_WorkersTrainOnAndNothingIsLost()
    {
        var cluster = Use(new StandingCluster(database: _postgres.MakeSchema(), replicas: 1));
        await UntilServingAsync(cluster);
        await cluster.TrainOnTwoAsync(Run);
        var before = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);

        _postgres.Stop();
        await cluster.UntilSaidAsync(line => line.Contains("cannot be used", StringComparison.Ordinal));
        Assert.True(cluster.Live(AMinute), "a process ended while the database was away");
        _postgres.Start();
        await cluster.UntilReplicaSaysAsync(0, 1, CanBeUsed);
        var between = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration);

        _postgres.SetReadOnly(true);
        await cluster.UntilSaidAsync(line => line.Contains("read-only", StringComparison.Ordinal));
        _postgres.SetReadOnly(false);
        await cluster.UntilReplicaSaysAsync(0, 2, CanBeUsed);

        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > between.Iteration);
        new EventLog(cluster.Store).AssertNoneEndedSince(before.Generation);
        await cluster.AssertOneTrajectoryAsync(Run);
    }

    /// <summary>A server that takes connections and answers nothing: every call of it ends, and what was waiting goes on.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Database_ThatAnswersNothingForAWhile_WorkersTrainOnAndPeopleAreHeardAfterwards(int replicas)
    {
        var cluster = Use(new StandingCluster(database: _postgres.MakeSchema(), replicas: replicas));
        await UntilServingAsync(cluster);
        await cluster.TrainOnTwoAsync(Run);
        var before = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);

        _postgres.Freeze();
        try
        {
            await cluster.UntilSaidAsync(line => line.Contains("cannot be used", StringComparison.Ordinal));
        }
        finally
        {
            _postgres.Thaw();
        }
        await cluster.UntilReplicaSaysAsync(0, 1, CanBeUsed);

        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration);
        new EventLog(cluster.Store).AssertNoneEndedSince(before.Generation);
        await cluster.AssertOneTrajectoryAsync(Run);
    }

    /// <summary>Whoever cannot reach the replicas of a database, because they are a different cluster's, serves nobody and disturbs nobody.</summary>
    [Fact]
    public async Task Database_OfAnotherCluster_IsNotJoinedAndThatClusterGoesOn()
    {
        var schema = _postgres.MakeSchema();
        var cluster = Use(new StandingCluster(database: schema, replicas: 2));
        await UntilServingAsync(cluster);
        await cluster.TrainOnTwoAsync(Run);
        var before = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 2 && run.Iteration > 10);
        var folder = Use(new TemporaryFolder());
        AtelierProcess.Run("certs", "ca", "--out", folder.Path).Succeeded();
        AtelierProcess.Run("certs", "server", "--out", folder.Path).Succeeded();

        // It speaks TLS to replicas that do not.
        var stranger = Use(AtelierProcess.Start(
        [
            "coordinator", "--listen", $"unix:{folder["c.sock"]}", "--database", $"postgres:{schema}", "--replica-listen", $"127.0.0.1:{FreePorts.Take()}",
            "--tls-cert", folder["server.crt"], "--tls-key", folder["server.key"], "--tls-ca", folder["ca.crt"],
        ]));

        Assert.True(stranger.WaitForLines(1, line => line.Contains("a different cluster", StringComparison.Ordinal)), $"it ended:\n{stranger.Printed}");
        Assert.Equal(0, stranger.Count(IsListening));
        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration);
        new EventLog(cluster.Store).AssertNoneEndedSince(before.Generation);
    }

    /// <summary>A clock that is three minutes off, on a replica's machine and on a worker's.</summary>
    [Fact]
    public async Task Clocks_ThreeMinutesOff_AreNamedAndNobodyIsTakenForDead()
    {
        Assert.SkipUnless(File.Exists(FakeTime), "there is no faketime; Debian's package faketime has it");
        var cluster = Use(new StandingCluster(database: _postgres.MakeSchema(), replicas: 3));
        await UntilServingAsync(cluster);
        cluster.KillReplica(2);
        cluster.StartReplica(2, Off("+3m"));
        await cluster.UntilReplicaSaysAsync(2, 1, line => line.Contains("seconds ahead of", StringComparison.Ordinal));
        await cluster.UntilReplicaSaysAsync(2, 1, IsListening);
        cluster.StartWorker("late", Off("-3m"));
        await cluster.TrainOnTwoAsync(Run);
        var before = await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Workers.Count == 3 && run.Iteration > 10, replica: 2);
        Assert.Equal(1, cluster.Said("late", line => line.Contains("seconds behind that of the coordinator", StringComparison.Ordinal)));

        // Longer than any lease, and than silos take to find one dead.
        Assert.True(cluster.Live(TimeSpan.FromSeconds(15)));

        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > before.Iteration, replica: 2);
        new EventLog(cluster.Store).AssertNoneEndedSince(before.Generation);
        for (int replica = 0; replica < cluster.Replicas; replica++)
            Assert.Equal(0, cluster.ReplicaSaid(replica, line => line.Contains("declared this one dead", StringComparison.Ordinal)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var used in Enumerable.Reverse(_used))
            used.Dispose();
        await _postgres.DisposeAsync();
    }

    private static bool CanBeUsed(string line) => line.Contains("is available again", StringComparison.Ordinal);

    private static bool IsListening(string line) => line.StartsWith("listening", StringComparison.Ordinal);

    /// <summary>Starts a process whose clocks are off.</summary>
    private static string[] Off(string time) => ["env", $"LD_PRELOAD={FakeTime}", $"FAKETIME={time}"];

    private static async Task UntilServingAsync(StandingCluster cluster)
    {
        for (int replica = 0; replica < cluster.Replicas; replica++)
            await cluster.UntilReplicaSaysAsync(replica, 1, IsListening);
    }

    private T Use<T>(T used)
        where T : IDisposable
    {
        _used.Add(used);
        return used;
    }
}
