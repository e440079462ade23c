using System.Net;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Atelier.Worker.Peers.Links;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Atelier.Worker.Peers;

/// <summary>The listening end of a worker: a service on Kestrel, with TLS where there is a certificate.</summary>
internal sealed class PeerHost : IAsyncDisposable
{
    private readonly WebApplication _application;

    private PeerHost(WebApplication application, PeerOptions options)
    {
        _application = application;
        var bound = new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Address = PeerAddress.Of(options.Listen, options.Host, bound.Port, options.Security.Certificate is not null);
    }

    /// <summary>Where it is reached.</summary>
    public PeerAddress Address { get; }

    /// <summary>Starts listening.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="service">What it serves.</param>
    /// <param name="door">Where connections for segments come in.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="Atelier.Core.UserErrorException">Other machines could reach it unprotected.</exception>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<PeerHost> StartAsync(PeerOptions options, ServerServiceDefinition service, SegmentDoor door, CancellationToken cancellation)
    {
        // People never call workers, so that a token of theirs is not asked for.
        new ListenPolicy(options.Security.Certificate is not null, HasPeopleToken: true, options.Security.HasToken).Require([options.Listen]);
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
            ServerTransport.ServeHttp2(endpoint, options.Security.Certificate, options.Security.AsksCallers, options.Limits);
            endpoint.Use(http => connection => door.EnterAsync(connection, http));
        }
        if (options.Security.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        ServerTransport.UseLargeBlocks(builder.Services);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddGrpc();
        var application = builder.Build();
        if (options.Security.AsksCallers)
            application.UseMiddleware<CallerCertificates>(options.Security.Authorities!);
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
