using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Atelier.Coordinator.Hosting;

/// <summary>
/// The silo in a coordinator: alone, reached by nobody, or one of a cluster of replicas over a shared database. Replicas show each
/// other the database's secret before anything is read from a connection, and beyond loopback certificates of one authority.
/// </summary>
internal static class ReplicaSilo
{
    /// <summary>The name under which states are stored, whichever database they are in.</summary>
    private const string Service = "atelier";

    private const string Core = "Atelier.Core";

    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(5);

    /// <summary>Configures it.</summary>
    /// <param name="silo">What is configured.</param>
    /// <param name="options">The coordinator.</param>
    /// <param name="identity">Which cluster it belongs to.</param>
    public static void Configure(ISiloBuilder silo, CoordinatorOptions options, ClusterIdentity identity)
    {
        options.Database.Configure(silo);
        silo.Services.AddSingleton(services => new DatabaseHealth(options.Database, options.Say, options.Health, services.GetRequiredService<TimeProvider>()));
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (identity.Id, Service));
        var endpoint = options.Database.IsShared ? EndpointOf(options.ReplicaAddress!) : new IPEndPoint(IPAddress.Loopback, FreePort());
        silo.Configure<EndpointOptions>(listening =>
        {
            (listening.AdvertisedIPAddress, listening.SiloPort, listening.GatewayPort) = (endpoint.Address, endpoint.Port, 0);
            listening.SiloListeningEndpoint = endpoint;
        });
        silo.Configure<ClusterMembershipOptions>(Notice);
        // A silo that died without a word is replaced at once: nobody else has its part of the directory on lease.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5));
        // Workers of this machine take all processors, so that a turn may well wait for one; Orleans would warn after a second.
        silo.Configure<SchedulingOptions>(scheduling => scheduling.TurnWarningLengthThreshold = TimeSpan.FromSeconds(10));
        if (options is { Database.IsShared: true, Tls: { Certificate: { } first, Authorities: not null } })
            silo.UseTls(first, tls => Trust(tls, options.Tls));
        silo.Configure<SiloConnectionOptions>(connections =>
        {
            connections.ConfigureSiloInboundConnection(inbound => inbound.Use(next => connection => AskAsync(connection, identity.Secret, next)));
            connections.ConfigureSiloOutboundConnection(outbound => outbound.Use(next => connection => ShowAsync(connection, identity.Secret, next)));
        });
        AddMessages(silo.Services);
    }

    /// <summary>Lets types of the core go from silo to silo.</summary>
    internal static void AddMessages(IServiceCollection services)
    {
        // What grains say to each other are types of the core, which knows nothing of Orleans; fields that a version does not know are left out.
        services.AddSerializer(serializer => serializer.AddJsonSerializer(
            type => type.Namespace?.StartsWith(Core, StringComparison.Ordinal) == true && !type.IsAssignableTo(typeof(Exception))));
        // Whoever called catches an error by its type.
        services.Configure<ExceptionSerializationOptions>(errors => errors.SupportedNamespacePrefixes.Add(Core));
    }

    /// <summary>Where other replicas reach this one.</summary>
    /// <exception cref="UserErrorException">It is no address that replicas can share, or speaks in the clear beyond loopback.</exception>
    public static void Require(CoordinatorOptions options)
    {
        if (!options.Database.IsShared)
            return;
        if (options.ReplicaAddress is not { Port: > 0 } address || address.Host == "*")
            throw new UserErrorException("replicas must reach each other: pass --replica-listen HOST:PORT with this machine's address and an unused port");
        if (!address.IsLoopback && (options.Tls.Certificate is null || options.Tls.Authorities is null))
            throw new UserErrorException(
                $"replicas on different machines use TLS: {address} needs {AccessOptions.Certificate}, {AccessOptions.Key} and {AccessOptions.Authority}");
    }

    /// <summary>Measured: three replicas replace a killed one in 1.4 s and a frozen one in 3.3 s; 40 s of a loaded machine, or a pause of 3 s, kill none.</summary>
    private static void Notice(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = membership.MaxProbeTimeout = TimeSpan.FromSeconds(1);
        membership.NumMissedProbesLimit = 3;
        membership.NumVotesForDeathDeclaration = 2;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(1);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(1);
        membership.NumMissedTableIAmAliveLimit = 3;
        membership.MaxJoinAttemptTime = TimeSpan.FromSeconds(20);
    }

    private static IPEndPoint EndpointOf(ListenAddress address) => new(CoordinatorServer.Resolve(address.Host), address.Port!.Value);

    private static void Trust(TlsOptions tls, TlsMaterial own)
    {
        // Renewed while it runs, as elsewhere.
        tls.LocalServerCertificateSelector = (_, _) => own.Certificate!;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => own.Certificate!;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        // The secret says that a replica is one; the certificate, that nobody listens in between. Its name is not looked at, as replicas go by address.
        tls.RemoteCertificateValidation = (certificate, _, _) => own.Authorities!.Issued(certificate);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = "replica";
    }

    private static async Task ShowAsync(ConnectionContext connection, byte[] secret, ConnectionDelegate next)
    {
        await connection.Transport.Output.WriteAsync(secret);
        await next(connection);
    }

    private static async Task AskAsync(ConnectionContext connection, byte[] secret, ConnectionDelegate next)
    {
        if (await HasShownAsync(connection, secret))
            await next(connection);
        else
            connection.Abort(new ConnectionAbortedException("not a replica of this cluster"));
    }

    private static async Task<bool> HasShownAsync(ConnectionContext connection, byte[] secret)
    {
        using var late = new CancellationTokenSource(HandshakePatience);
        try
        {
            var read = await connection.Transport.Input.ReadAtLeastAsync(secret.Length, late.Token);
            var shown = read.Buffer.Slice(0, Math.Min(secret.Length, read.Buffer.Length));
            var isRight = CryptographicOperations.FixedTimeEquals(shown.ToArray(), secret);
            connection.Transport.Input.AdvanceTo(shown.End);
            return isRight;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Ends the silo, not the process, when the others have declared it dead: it then joins anew.</summary>
internal sealed class SiloDeath : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _died = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with why the silo must end.</summary>
    public Task<string> Died => _died.Task;

    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => exception is not (OperationCanceledException or ThreadInterruptedException);

    /// <inheritdoc/>
    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        _died.TrySetResult(exception?.Message ?? context ?? "it failed");
}
