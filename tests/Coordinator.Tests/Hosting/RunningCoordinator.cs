using System.Security.Cryptography.X509Certificates;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Net.Client;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>A coordinator in this process, with real sockets and a real database.</summary>
internal sealed class RunningCoordinator : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly SqliteDatabase _database;
    private readonly CoordinatorServer _server;
    private readonly GrpcChannel _channel;

    private RunningCoordinator(DirectoryInfo folder, SqliteDatabase database, CoordinatorServer server)
    {
        (_folder, _database, _server) = (folder, database, server);
        _channel = CoordinatorChannel.Open(server.Addresses[0], null);
        (Runs, Fleet) = (new(_channel), new(_channel));
    }

    /// <summary>Where it is reached.</summary>
    public Uri Address => new(_server.Addresses[0]);

    /// <summary>The paths that it maps, with names in braces.</summary>
    public IEnumerable<string> Routes => _server.Routes;

    /// <summary>What people ask.</summary>
    public Protos.Runs.RunsClient Runs { get; }

    /// <summary>What workers attach to.</summary>
    public Protos.Fleet.FleetClient Fleet { get; }

    /// <summary>A store for a run.</summary>
    public string Store(string run) => Path.Combine(_folder.FullName, run);

    /// <summary>Attaches a worker.</summary>
    public async Task<FakeWorker> AttachAsync(string name, string trouble = "")
    {
        var worker = new FakeWorker(Fleet, name, trouble: trouble);
        await worker.Probed.WaitAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    /// <summary>A submission of a run with four shards.</summary>
    public SubmitRequest Request(string run, params string[] assignments)
    {
        var request = new SubmitRequest { Run = run, Recipe = "config-f", DataPath = "/data", RunStore = Store(run) };
        request.Assignments.AddRange(["batch=16", "shard=4", .. assignments]);
        return request;
    }

    /// <summary>Waits until a run has a status.</summary>
    public async Task<Run> UntilStatusAsync(string run, RunStatus status)
    {
        using var watch = Runs.Watch(new WatchRequest { Run = run }, cancellationToken: TestContext.Current.CancellationToken);
        while (await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            if (watch.ResponseStream.Current.Run is { } now && now.Status == status)
                return now;
        }

        throw new InvalidOperationException($"{run} ended before it was {status}");
    }

    public static async Task<RunningCoordinator> StartAsync(AccessGate? gate = null, ServerLimits? limits = null, X509Certificate2? certificate = null, FleetSettings? fleet = null, AllowedPlaces? places = null)
    {
        var folder = Directory.CreateTempSubdirectory("atelier-");
        var database = new SqliteDatabase(Path.Combine(folder.FullName, "c.db"));
        var identity = await database.OpenAsync(_ => { }, TimeProvider.System, CancellationToken.None);
        var options = new CoordinatorOptions
        {
            Listen = [ListenAddress.Parse("127.0.0.1:0")],
            Database = database,
            Gate = gate ?? new(null, null),
            Limits = limits ?? new(),
            Certificate = certificate,
            Fleet = fleet ?? new(),
            Places = places ?? AllowedPlaces.Anything,
        };
        return new(folder, database, await CoordinatorServer.StartAsync(options, identity, TimeProvider.System, CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
