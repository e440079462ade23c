using System.Collections;
using System.Net;
using System.Net.Sockets;
using Atelier.Coordinator.Alerts;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Operator;
using Atelier.Coordinator.Runs;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Dashboard;
using Atelier.Dashboard.Access;
using Atelier.Dashboard.Sources;
using Atelier.Kubernetes.Operator;
using Atelier.Rpc.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Atelier.Coordinator.Hosting;

/// <summary>A coordinator that serves: the silo with its grains, and the services that workers and people call.</summary>
public sealed class CoordinatorServer : IAsyncDisposable
{
    private const int MinThreads = 32;

    /// <summary>How long streams and grains may take to end.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private Neighbours? _neighbours;

    private CoordinatorServer(WebApplication app, IReadOnlyList<string> addresses) => (_app, Addresses) = (app, addresses);

    /// <summary>Ends with why, when the other replicas declared this one dead; it serves no more then.</summary>
    public Task<string> Died => _app.Services.GetRequiredService<SiloDeath>().Died;

    /// <summary>Where it listens, as addresses that clients take.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>What is mapped.</summary>
    public IEnumerable<RouteEndpoint> Endpoints => _app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    /// <summary>Tells of other replicas that come and go.</summary>
    /// <param name="say">Told, a line at a time.</param>
    public void Follow(Action<string> say)
    {
        var oracle = _app.Services.GetRequiredService<ISiloStatusOracle>();
        // The silo holds it by a weak reference.
        oracle.SubscribeToSiloStatusEvents(_neighbours = new Neighbours(oracle.SiloAddress, say));
    }

    /// <summary>Starts to serve.</summary>
    /// <param name="options">How.</param>
    /// <param name="identity">Which cluster the database is of.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops starting.</param>
    /// <exception cref="UserErrorException">It may not, or cannot, listen there.</exception>
    public static async Task<CoordinatorServer> StartAsync(CoordinatorOptions options, ClusterIdentity identity, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        new ListenPolicy(options.Tls.Certificate is not null, options.Gate.People is not null, options.Gate.Workers is not null).Require(options.Listen);
        ReplicaSilo.Require(options);
        foreach (var address in options.Database.IsShared ? [.. options.Listen, options.ReplicaAddress!] : options.Listen)
            RequireFree(address);
        // A file system that hangs keeps the threads that read from it; there are enough for all else, at once.
        ThreadPool.GetMinThreads(out var threads, out var ports);
        ThreadPool.SetMinThreads(Math.Max(threads, MinThreads), ports);
        var app = Build(options, identity, time);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception error)
        {
            // A silo that could not join the others listens still.
            using var late = new CancellationTokenSource(StopPatience);
            await app.StopAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await app.DisposeAsync();
            if (error is IOException) throw CannotListen(address: string.Join(", ", options.Listen), error);
            throw;
        }

        var sockets = options.Listen.Where(address => address.Port is null).Select(address => address.ToString());
        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Where(address => !address.Contains("unix:", StringComparison.Ordinal));
        return new(app, [.. sockets, .. bound]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_neighbours is not null)
            _app.Services.GetRequiredService<ISiloStatusOracle>().UnSubscribeFromSiloStatusEvents(_neighbours);
        // Whoever did not end by then is cut off; what is worth keeping is stored before it is acted on.
        await EmbeddedServer.StopAsync(_app, StopPatience);
    }

    /// <summary>Tries the port before there is a silo that would have to end again.</summary>
    private static void RequireFree(ListenAddress address)
    {
        if (address.Port is not { } port)
            return;
        try
        {
            using var probe = new TcpListener(address.Host == "*" ? IPAddress.Any : Resolve(address.Host), port);
            probe.Start();
        }
        catch (SocketException error)
        {
            throw CannotListen($"{address}", error);
        }
    }

    private static UserErrorException CannotListen(string address, Exception error) => new($"cannot listen on {address}: {error.Message}", error);

    private static WebApplication Build(CoordinatorOptions options, ClusterIdentity identity, TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Error).AddFilter("Polly", LogLevel.Critical).AddFilter("Grpc", LogLevel.Warning)
            // A replica that ends is told in a line of ours; what Orleans says of it fills a screen.
            .AddFilter("Orleans.Messaging", LogLevel.Critical).AddFilter("Orleans.Grain", LogLevel.Critical)
            // So is a database that cannot be used.
            .AddFilter("Orleans.Storage", LogLevel.Critical).AddFilter("Atelier.Coordinator.Storage", LogLevel.Critical).AddFilter("Orleans.Runtime.MembershipService", LogLevel.Critical)
            // A start that fails is told by whoever tries again, and a call that could not be cancelled has failed.
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Critical).AddFilter("Orleans.Runtime.SiloLifecycleSubject", LogLevel.Critical).AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical)
            .AddFilter("Orleans.Runtime.GrainCallCancellationManager", LogLevel.Critical)
            // Kestrel says that HTTP/2 does not work without TLS; here it does (PlainHttpVersions).
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error).AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Warning)
            // Events of runs are for those who collect logs; `atelier logs` has them too.
            .AddFilter<ConsoleLoggerProvider>("Atelier", LogLevel.Warning)
            .AddFilter<ConsoleLoggerProvider>("Atelier.Coordinator.Storage", LogLevel.Critical)
            .AddSimpleConsole(console => console.SingleLine = true);
        // Exporters of logs read their variables from the host's configuration, which has none of the environment's otherwise.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create($"{variable.Key}", variable.Value as string)).Where(variable => variable.Key.StartsWith("OTEL_", StringComparison.Ordinal)));
        options.Logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            ServerTransport.Configure(kestrel, options.Limits);
            foreach (var address in options.Listen) Listen(kestrel, address, options);
        });
        builder.UseOrleans(silo => ReplicaSilo.Configure(silo.AddActivityPropagation(), options, identity));
        builder.Services.AddSingleton<SiloDeath>();
        builder.Services.AddSingleton<IFatalErrorHandler>(services => services.GetRequiredService<SiloDeath>());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddRouting();
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealthChecks(health =>
        {
            foreach (var service in (string[])["atelier.v1.Fleet", "atelier.v1.Runs"]) health.Services.Map(service, _ => true);
        }).AddCheck("serves", () => HealthCheckResult.Healthy());
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(identity);
        builder.Services.AddSingleton(options.Fleet);
        builder.Services.AddSingleton(options.Limits);
        builder.Services.AddSingleton(options.Generations);
        builder.Services.AddSingleton(options.Evaluations);
        builder.Services.AddSingleton(options.Files);
        builder.Services.AddSingleton(options.Places);
        builder.Services.AddSingleton<CoordinatorMetrics>();
        builder.Services.AddSingleton(options.Alerts);
        builder.Services.AddSingleton(services => new AlertWebhook(options.AlertWebhook, options.Say, services.GetRequiredService<CoordinatorMetrics>(), time));
        builder.Services.AddHostedService(services => services.GetRequiredService<AlertWebhook>());
        builder.Services.AddSingleton<Submission>();
        builder.Services.AddSingleton<RunPulse>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RunPulse>());
        builder.Services.AddSingleton<WorkerStreams>();
        builder.Services.AddHostedService(services => services.GetRequiredService<WorkerStreams>());
        builder.Services.AddGrainService<WorkerDelivery>();
        builder.Services.AddSingleton<WorkerMessenger>();
        if (options.Database.IsShared) builder.Services.AddHostedService<StateWarmUp>();
        builder.Services.AddSingleton<FleetService>();
        builder.Services.AddSingleton<RunsService>();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<IRunDirectory, OperatorRuns>();
        builder.Services.AddSingleton<OperatorHost>();
        if (options.Kubernetes is not null) builder.Services.AddHostedService<OperatorPulse>();
        builder.Services.AddSingleton<IRunSource, CoordinatorRuns>();
        builder.Services.AddSingleton(new BrowserSessions(options.Gate.People, time)).AddDashboard();
        var app = builder.Build();
        app.UseRouting();
        if (options.Tls.Authorities is not null)
            app.UseMiddleware<CallerCertificates>(options.Tls);
        app.UseMiddleware<AccessMiddleware>(options.Gate);
        app.UseNothingHere();
        app.MapGrpcService(app.Services.GetRequiredService<FleetService>().Definition).For(AccessRole.Worker);
        app.MapGrpcService<RunsService>().For(AccessRole.Person);
        app.MapGrpcHealthChecksService().ForAnybody();
        var dashboard = app.MapDashboard();
        dashboard.Open.ForAnybody();
        dashboard.Guarded.For(AccessRole.Person);
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, CoordinatorOptions options)
    {
        void Configure(ListenOptions endpoint) => ServerTransport.ServeHttp(endpoint, options.Tls, options.Limits);

        if (address.Port is not { } port) kestrel.ListenUnixSocket(new UnixSocketPath(address.Host).Reclaimed().Path, Configure);
        else if (address.Host == "*") kestrel.ListenAnyIP(port, Configure);
        else kestrel.Listen(Resolve(address.Host), port, Configure);
    }

    internal static IPAddress Resolve(string host) => Dns.GetHostAddresses(host)[0];

    private sealed class Neighbours(SiloAddress own, Action<string> say) : ISiloStatusListener
    {
        public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
        {
            if (updatedSilo.Equals(own)) return;
            if (status == SiloStatus.Active) say($"replica {updatedSilo.Endpoint} joined");
            else if (status == SiloStatus.Dead) say($"replica {updatedSilo.Endpoint} left");
        }
    }
}
