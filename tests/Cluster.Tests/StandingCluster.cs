using System.Globalization;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Atelier.TestKit;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Cluster.Tests;

/// <summary>A coordinator, or several replicas of one, and workers, each a process of its own, that a test kills, stops and starts as it likes.</summary>
internal sealed class StandingCluster : IDisposable
{
    /// <summary>Images between two ticks of <see cref="TrainOnTwoAsync"/>, in thousands.</summary>
    public const double TickKimg = 0.8;

    /// <summary>Nothing that a test waits for takes this long, on a machine however busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, AtelierProcess> _workers = [];
    private readonly List<GrpcChannel> _channels = [];
    private readonly AtelierProcess[] _coordinators;
    private readonly string? _database;
    private readonly IReadOnlyList<string> _launcher;
    private readonly IReadOnlyList<string> _options;
    private readonly int _firstPort = Random.Shared.Next(15000, 30000);

    /// <param name="prepare">Called with the folder of the coordinator's database before it starts; null for nothing.</param>
    /// <param name="database">A database that several replicas share; null for one coordinator and its file.</param>
    /// <param name="replicas">How many coordinators.</param>
    /// <param name="options">More options of coordinators.</param>
    /// <param name="launcher">A program and arguments of its own to start coordinators with.</param>
    public StandingCluster(Action<string>? prepare = null, string? database = null, int replicas = 1, IReadOnlyList<string>? options = null, IReadOnlyList<string>? launcher = null)
    {
        (_database, _options, _launcher) = (database, options ?? [], launcher ?? []);
        Directory.CreateDirectory(_folder["database"]);
        prepare?.Invoke(_folder["database"]);
        TestImages.WriteStored(Data, 20, TinyRun.Side);
        _coordinators = [.. Enumerable.Range(0, replicas).Select(replica => AtelierProcess.Start(CoordinatorArguments(replica), _launcher))];
        _channels.AddRange(Enumerable.Range(0, replicas).Select(replica => CoordinatorChannel.Open(AddressOf(replica), null)));
    }

    /// <summary>A folder of images.</summary>
    public string Data => _folder["data"];

    /// <summary>Where a run may be kept.</summary>
    public string Store => _folder["run"];

    /// <summary>Another place.</summary>
    public string Beside => _folder["alone"];

    /// <summary>The first coordinator's address.</summary>
    public string Address => AddressOf(0);

    /// <summary>A replica's address.</summary>
    public string AddressOf(int replica) => $"unix:{_folder[$"c{replica}.sock"]}";

    /// <summary>What people ask.</summary>
    public Runs.RunsClient Runs => RunsOf(0);

    /// <summary>How many coordinators there are.</summary>
    public int Replicas => _coordinators.Length;

    /// <summary>What people ask of a replica.</summary>
    public Runs.RunsClient RunsOf(int replica) => new(_channels[replica]);

    /// <summary>The workers that run, in the order of their names.</summary>
    public IReadOnlyList<string> Workers => [.. _workers.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Whether workers sum through shared memory; otherwise over connections, as between hosts.</summary>
    public bool SharesMemory { get; set; } = true;

    /// <summary>Starts a worker.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="launcher">A program and arguments of its own to start it with.</param>
    public void StartWorker(string name, params IReadOnlyList<string> launcher) => Start(name, [], launcher);

    /// <summary>Starts a worker with options of its own.</summary>
    public void StartWorkerWith(string name, params string[] options) => Start(name, options, []);

    /// <summary>Starts a worker with options and a launcher of its own.</summary>
    public void StartWorker(string name, IReadOnlyList<string> options, IReadOnlyList<string> launcher) => Start(name, [.. options], launcher);

    /// <summary>Starts a worker that measures only.</summary>
    public void StartEvaluator(string name) => Start(name, ["--role", "evaluator"], []);

    /// <summary>A worker's process.</summary>
    public int ProcessOf(string worker) => _workers[worker].Id;

    /// <summary>Waits until the coordinator has printed such a line.</summary>
    public Task UntilSaidAsync(Func<string, bool> isWanted) => Task.Run(() => Assert.True(_coordinators[0].WaitForLines(1, isWanted), "the coordinator ended"));

    /// <summary>Ends a worker by SIGKILL.</summary>
    public void Kill(string worker)
    {
        _workers.Remove(worker, out var process);
        process!.Kill();
        process.Dispose();
    }

    /// <summary>Asks a worker to hand over and leave, and waits until it has.</summary>
    public AtelierResult Drain(string worker)
    {
        _workers.Remove(worker, out var process);
        using (process)
        {
            process!.Signal("TERM");
            return process.WaitForExit();
        }
    }

    /// <summary>Freezes a worker, or lets it go on.</summary>
    public void Signal(string worker, string signal) => _workers[worker].Signal(signal);

    /// <summary>Asks a worker to leave, and the coordinator 0.2 s later; waits for the worker's end.</summary>
    /// <param name="patience">For how long.</param>
    public AtelierResult DrainThenStopCoordinator(string worker, TimeSpan patience)
    {
        _workers.Remove(worker, out var process);
        using (process)
        {
            process!.Signal("TERM");
            process.RunsAfter(TimeSpan.FromSeconds(0.2));
            SignalReplica(0, "TERM");
            return process.WaitForExit(patience);
        }
    }

    /// <summary>Ends the coordinator by SIGKILL.</summary>
    public void KillCoordinator() => KillReplica(0);

    /// <summary>Ends the coordinator by SIGKILL, and starts another one over its database.</summary>
    public void RestartCoordinator()
    {
        KillReplica(0);
        StartReplica(0);
    }

    /// <summary>Starts a coordinator that knows nothing of what the one before had in its database.</summary>
    public void StartCoordinatorAnew()
    {
        foreach (string file in Directory.GetFiles(_folder["database"], "c.db*"))
            File.Delete(file);
        StartReplica(0);
    }

    /// <summary>Ends a replica by SIGKILL.</summary>
    public void KillReplica(int replica) => _coordinators[replica].Kill();

    /// <summary>Starts a replica that has ended.</summary>
    /// <param name="replica">Which.</param>
    /// <param name="launcher">A program and arguments of its own to start it with.</param>
    public void StartReplica(int replica, params IReadOnlyList<string> launcher)
    {
        _coordinators[replica].Dispose();
        _coordinators[replica] = AtelierProcess.Start(CoordinatorArguments(replica), launcher.Count > 0 ? launcher : _launcher);
    }

    /// <summary>Asks a replica to stop, and starts another build in its place.</summary>
    /// <param name="replica">Which.</param>
    /// <param name="build">The folder of the build; null for the one under test.</param>
    public void ReplaceReplica(int replica, string? build)
    {
        SignalReplica(replica, "TERM");
        UntilReplicaEnds(replica).Succeeded();
        _coordinators[replica].Dispose();
        _coordinators[replica] = build is null ? AtelierProcess.Start(CoordinatorArguments(replica), _launcher) : AtelierProcess.StartOf(build, CoordinatorArguments(replica));
    }

    /// <summary>Sends a replica a signal.</summary>
    public void SignalReplica(int replica, string signal) => _coordinators[replica].Signal(signal);

    /// <summary>Waits until a replica has ended by itself.</summary>
    public AtelierResult UntilReplicaEnds(int replica) => _coordinators[replica].WaitForExit();

    /// <summary>Waits until a replica has printed a line so often.</summary>
    public Task UntilReplicaSaysAsync(int replica, int count, Func<string, bool> isWanted) =>
        Task.Run(() => Assert.True(_coordinators[replica].WaitForLines(count, isWanted), $"replica {replica} ended:\n{_coordinators[replica].Printed}"));

    /// <summary>How many such lines a replica has printed.</summary>
    public int ReplicaSaid(int replica, Func<string, bool> isWanted) => _coordinators[replica].Count(isWanted);

    /// <summary>How many such lines a worker has printed.</summary>
    public int Said(string worker, Func<string, bool> isWanted) => _workers[worker].Count(isWanted);

    /// <summary>Lets time pass.</summary>
    /// <returns>Whether all processes still run.</returns>
    public bool Live(TimeSpan time) =>
        _coordinators[0].RunsAfter(time) && _coordinators.Concat(_workers.Values).All(process => process.RunsAfter(TimeSpan.Zero));

    /// <summary>Waits until all workers are attached.</summary>
    public Task UntilAttachedAsync() => Task.Run(() => Assert.All(_workers.Values, worker => Assert.True(worker.WaitForLines(1, line => line.StartsWith("attached", StringComparison.Ordinal)))));

    /// <summary>Waits until a run is as it should be, through whatever happens to the coordinator.</summary>
    /// <returns>The run then.</returns>
    /// <param name="replica">Whom to ask.</param>
    public async Task<Run> UntilAsync(string run, Func<Run, bool> isSo, int replica = 0)
    {
        Run? last = null;
        using var late = new CancellationTokenSource(Patience);
        using var again = new PeriodicTimer(Glance);
        try
        {
            while (await again.WaitForNextTickAsync(late.Token))
            {
                if (await WatchAsync(replica, run, now => isSo(last = now), late.Token) is { } found)
                    return found;
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException && late.IsCancellationRequested)
        {
            // Said below.
        }
        throw new TimeoutException($"after {Patience}, the run is {last}");
    }

    /// <summary>Waits until a file is in the run's folder.</summary>
    public async Task UntilWrittenAsync(string name)
    {
        using var late = new CancellationTokenSource(Patience);
        using var again = new PeriodicTimer(Glance);
        while (!File.Exists(Path.Combine(Store, name)))
            await again.WaitForNextTickAsync(late.Token);
    }

    /// <summary>Has two workers train a small run for as long as the test wants.</summary>
    /// <param name="run">The run.</param>
    /// <param name="store">Where it is kept; <see cref="Store"/> unless given.</param>
    /// <param name="more">More assignments.</param>
    public async Task TrainOnTwoAsync(string run, string? store = null, params IReadOnlyList<string> more)
    {
        StartWorker("w0");
        StartWorker("w1");
        await UntilAttachedAsync();
        var request = new SubmitRequest { Run = run, Recipe = "config-f", DataPath = Data, RunStore = store ?? Store };
        request.Assignments.AddRange([.. SmallRun.Keys, string.Create(CultureInfo.InvariantCulture, $"tick-kimg={TickKimg}"), "snapshot-kimg=4", "kimg=1000", .. more]);
        await Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>Pauses the run: what came about is what one process computes, and the workers computed nothing twice.</summary>
    public async Task AssertOneTrajectoryAsync(string run)
    {
        await Runs.PauseAsync(new PauseRequest { Run = run }, cancellationToken: TestContext.Current.CancellationToken);
        await UntilAsync(run, now => now.Status == RunStatus.Paused);
        var newest = AtelierProcess.Run("snapshots", Store, "--json").Succeeded().Json.Single().EnumerateArray().Last();
        int images = (int)Math.Round(newest.GetProperty("kimg").GetDouble() * 1000);
        var alone = AtelierProcess.Run(TinyRun.Train(Data, Beside, images, TinyRun.Set(["tick-kimg=4", "snapshot-kimg=1000"]))).Succeeded();
        Assert.Equal(alone.StateSha256, newest.GetProperty("state_sha256").GetString());
        new EventLog(Store).AssertNothingLost();
    }

    /// <summary>Follows a run as long as the coordinator lives.</summary>
    private async Task<Run?> WatchAsync(int replica, string run, Func<Run, bool> isSo, CancellationToken cancellation)
    {
        using var watch = RunsOf(replica).Watch(new WatchRequest { Run = run, AfterEvent = long.MaxValue }, cancellationToken: cancellation);
        try
        {
            while (await watch.ResponseStream.MoveNext(cancellation))
            {
                if (watch.ResponseStream.Current.Run is { } now && isSo(now))
                    return now;
            }
        }
        catch (RpcException e) when (!cancellation.IsCancellationRequested && e.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown)
        {
            // It was killed, and another one is starting.
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        foreach (var process in _workers.Values)
            process.Dispose();
        foreach (var coordinator in _coordinators)
            coordinator.Dispose();
        _folder.Dispose();
    }

    private void Start(string name, string[] more, IReadOnlyList<string> launcher) => _workers[name] = AtelierProcess.Start(
        ["worker", "--name", name, .. Enumerable.Range(0, Replicas).SelectMany<int, string>(replica => ["--coordinator", AddressOf(replica)]), "--listen", $"unix:{_folder[name]}.sock", "--lanes", "1", .. SharesMemory ? (string[])[] : ["--no-shared-memory"], .. more], launcher);

    // Short leases, so that a test need not wait long for those who are frozen.
    private string[] CoordinatorArguments(int replica) =>
    [
        "coordinator", "--listen", AddressOf(replica), "--lease", _database is null ? "3" : "10",
        .. _database is null ? (string[])["--database", Path.Combine(_folder["database"], "c.db")] : ["--database", $"postgres:{_database}", "--replica-listen", $"127.0.0.1:{_firstPort + replica}"], .. _options,
    ];
}
