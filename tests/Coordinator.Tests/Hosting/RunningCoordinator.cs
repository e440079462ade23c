using System.Security.Cryptography.X509Certificates;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Core.Access;
using Atelier.Core.Alerts;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Routing;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>A coordinator in this process, with real sockets and a real database.</summary>
internal sealed class RunningCoordinator : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly CoordinatorOptions _options;
    private CoordinatorServer _server;
    private GrpcChannel _channel;

    private RunningCoordinator(DirectoryInfo folder, CoordinatorOptions options, CoordinatorServer server)
    {
        (_folder, _options, _server) = (folder, options, server);
        _channel = CoordinatorChannel.Open(server.Addresses[0], null);
        (Runs, Fleet) = (new(_channel), new(_channel));
    }

    /// <summary>Where it is reached.</summary>
    public Uri Address => new(_server.Addresses[0]);

    /// <summary>What it maps.</summary>
    public IEnumerable<RouteEndpoint> Endpoints => _server.Endpoints;

    /// <summary>What people ask.</summary>
    public Protos.Runs.RunsClient Runs { get; private set; }

    /// <summary>What workers attach to.</summary>
    public Protos.Fleet.FleetClient Fleet { get; private set; }

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
    public Task<Run> UntilStatusAsync(string run, RunStatus status) => UntilAsync(run, now => now.Status == status);

    /// <summary>Waits until a run is as it should be.</summary>
    /// <returns>The run then.</returns>
    public async Task<Run> UntilAsync(string run, Func<Run, bool> isSo)
    {
        using var watch = Runs.Watch(new WatchRequest { Run = run }, cancellationToken: TestContext.Current.CancellationToken);
        Run? last = null;
        while (await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            last = watch.ResponseStream.Current.Run ?? last;
            if (watch.ResponseStream.Current.Run is { } now && isSo(now))
                return now;
        }

        throw new InvalidOperationException($"{run} ended before: {last}");
    }

    public static async Task<RunningCoordinator> StartAsync(AccessGate? gate = null, ServerLimits? limits = null, X509Certificate2? certificate = null, FleetSettings? fleet = null, AllowedPlaces? places = null,
        AlertSettings? alerts = null, Uri? webhook = null, GenerationSettings? generations = null)
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
            Tls = new TlsMaterial(certificate, null),
            Fleet = fleet ?? new(),
            Places = places ?? AllowedPlaces.Anything,
            Alerts = alerts ?? new(),
            AlertWebhook = webhook,
            Generations = generations ?? new(),
        };
        return new(folder, options, await CoordinatorServer.StartAsync(options, identity, TimeProvider.System, CancellationToken.None));
    }

    /// <summary>Another coordinator takes this one's place.</summary>
    /// <param name="database">Name of its database: the former's, `c.db`, or a new one.</param>
    public async Task ReplaceAsync(string database = "c.db")
    {
        _channel.Dispose();
        await _server.DisposeAsync();
        await _options.Database.DisposeAsync();
        var opened = new SqliteDatabase(Path.Combine(_folder.FullName, database));
        _server = await CoordinatorServer.StartAsync(_options with { Database = opened }, await opened.OpenAsync(_ => { }, TimeProvider.System, CancellationToken.None), TimeProvider.System, CancellationToken.None);
        _channel = CoordinatorChannel.Open(_server.Addresses[0], null);
        (Runs, Fleet) = (new(_channel), new(_channel));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
        await _options.Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
