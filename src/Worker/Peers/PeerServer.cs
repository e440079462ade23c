using System.Net;
using Atelier.Core.Access;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers.Links;
using Atelier.Worker.Peers.States;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers;

/// <summary>
/// What a worker is to others, for as long as its process lives: a rank of one generation after the other, and a source of the
/// state that it holds.
/// </summary>
public sealed class PeerServer : IAsyncDisposable
{
    private readonly PeerOptions _options;
    private readonly PeerHost _host;
    private readonly PeerRendezvous _rendezvous;
    private readonly StateServer _states;

    private PeerServer(PeerOptions options, PeerHost host, PeerRendezvous rendezvous, StateServer states) =>
        (_options, _host, _rendezvous, _states) = (options, host, rendezvous, states);

    /// <summary>The call by which ranks meet.</summary>
    internal static Method<Hello, Hello> Meet { get; } = new(
        MethodType.DuplexStreaming, Peer.Descriptor.FullName, nameof(Meet),
        Marshallers.Create(hello => hello.ToByteArray(), Hello.Parser.ParseFrom), Marshallers.Create(hello => hello.ToByteArray(), Hello.Parser.ParseFrom));

    /// <summary>Where others reach it.</summary>
    public PeerAddress Address => _host.Address;

    /// <summary>Starts listening. Who calls for a generation waits until this worker joins it.</summary>
    /// <param name="options">Where and how.</param>
    /// <exception cref="Atelier.Core.UserErrorException">Other machines could reach it unprotected.</exception>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<PeerServer> StartAsync(PeerOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        var acceptor = new SegmentAcceptor(options);
        var rendezvous = new PeerRendezvous(options, acceptor);
        var states = new StateServer();
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(Meet, (IAsyncStreamReader<Hello> requests, IServerStreamWriter<Hello> responses, ServerCallContext call) =>
            {
                options.Security.Admit(call);
                return rendezvous.ServeAsync(requests, responses, call);
            })
            .AddMethod(StateChunkFormat.FetchState, (StateRequest request, IServerStreamWriter<StateChunk> responses, ServerCallContext call) =>
            {
                options.Security.Admit(call);
                return states.SendAsync(request, responses, call);
            })
            .Build();
        return new PeerServer(options, await PeerHost.StartAsync(options, service, acceptor, cancellation).ConfigureAwait(false), rendezvous, states);
    }

    /// <summary>Joins a generation: connections to and from all other ranks.</summary>
    /// <param name="membership">The generation, later than all that were joined of its run.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <returns>The links; disposing them leaves the generation.</returns>
    /// <exception cref="CollectiveException">A rank did not come in time, is in another generation, or does not let this one in.</exception>
    /// <exception cref="ArgumentException">The generation is not later than another of the run that was joined.</exception>
    public Task<IRankLinks> JoinAsync(PeerMembership membership, TimeSpan patience, TimeProvider time, CancellationToken cancellation) =>
        JoinAsync(membership, RingShape.ForPeers(membership?.Addresses.Count ?? 0), patience, time, cancellation);

    /// <summary>Forgets a run: its next generation may have any number.</summary>
    public void Forget(string run) => _rendezvous.Forget(run);

    /// <summary>Offers the states that this worker holds; until then there are none.</summary>
    /// <param name="provider">Knows them.</param>
    public void ServeState(StateProvider provider) => _states.Provider = provider;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Joins with segments of another size than is good.</summary>
    internal Task<IRankLinks> JoinAsync(PeerMembership membership, RingShape shape, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(membership);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)membership.Rank, (uint)membership.Addresses.Count);
        return new PeerJoin(membership, shape, _options.Security, _rendezvous).RunAsync(patience, time, cancellation);
    }
}

/// <summary>One rank's place in a generation.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Generation">The generation's number; numbers rise within a run.</param>
/// <param name="Rank">This rank.</param>
/// <param name="Addresses">Where each rank is reached, in rank order; that of this rank is not used.</param>
public sealed record PeerMembership(string Run, long Generation, int Rank, IReadOnlyList<PeerAddress> Addresses);

/// <summary>How a worker is reached by others.</summary>
/// <param name="Listen">Where it listens; port 0 for any free one.</param>
public sealed record PeerOptions(ListenAddress Listen)
{
    /// <summary>The name or address that others know this machine by; null for the one it listens at.</summary>
    public string? Host { get; init; }

    /// <summary>Certificates and the token.</summary>
    public PeerSecurity Security { get; init; } = PeerSecurity.None;

    /// <summary>What its port bears with.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>Measures the limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The listening end of a worker: a service on Kestrel, with TLS where there is a certificate.</summary>
internal sealed class PeerHost : IAsyncDisposable
{
    private readonly WebApplication _application;

    private PeerHost(WebApplication application, PeerOptions options)
    {
        _application = application;
        var bound = new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Address = PeerAddress.Of(options.Listen, options.Host, bound.Port, options.Security.Tls.Certificate is not null);
    }

    /// <summary>Where it is reached.</summary>
    public PeerAddress Address { get; }

    /// <summary>Starts listening.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="service">What it serves.</param>
    /// <param name="acceptor">Where connections for segments come in.</param>
    /// <exception cref="Atelier.Core.UserErrorException">Other machines could reach it unprotected.</exception>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<PeerHost> StartAsync(PeerOptions options, ServerServiceDefinition service, SegmentAcceptor acceptor, CancellationToken cancellation)
    {
        // People never call workers, so that a token of theirs is not asked for.
        new ListenPolicy(options.Security.Tls.Certificate is not null, HasPeopleToken: true, options.Security.HasToken).Require([options.Listen]);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var addresses = await ResolveAsync(options.Listen, cancellation).ConfigureAwait(false);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            ServerTransport.Configure(kestrel, options.Limits);
            if (addresses is null)
                kestrel.ListenUnixSocket(new UnixSocketPath(options.Listen.Host).Reclaimed().Path, Speak);
            else
                kestrel.Listen(addresses, Speak);
        });
        void Speak(ListenOptions endpoint)
        {
            ServerTransport.ServeHttp2(endpoint, options.Security.Tls, options.Limits);
            endpoint.Use(http => connection => acceptor.AcceptAsync(connection, http));
        }
        if (options.Security.Tls.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        ServerTransport.UseLargeBlocks(builder.Services);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddGrpc();
        var application = builder.Build();
        if (options.Security.AsksCallers)
            application.UseMiddleware<CallerCertificates>(options.Security.Tls);
        application.MapGrpcService(service);
        await application.StartAsync(cancellation).ConfigureAwait(false);
        return new PeerHost(application, options);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Calls that did not end by themselves would keep it waiting.
        await _application.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    // Null for a Unix socket. Kestrel chooses no free port for names, so that they are looked up here.
    private static async Task<IPEndPoint?> ResolveAsync(ListenAddress listen, CancellationToken cancellation)
    {
        if (listen.Port is not { } port)
            return null;
        if (listen.Host == "*")
            return new IPEndPoint(IPAddress.Any, port);
        return new IPEndPoint(IPAddress.TryParse(listen.Host, out var ip) ? ip : (await Dns.GetHostAddressesAsync(listen.Host, cancellation).ConfigureAwait(false))[0], port);
    }
}
