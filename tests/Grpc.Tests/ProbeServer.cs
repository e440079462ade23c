using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Atelier.Grpc.Tests;

/// <summary>A server of <see cref="ProbeService"/> on Kestrel.</summary>
internal sealed class ProbeServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ProbeServer(WebApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>What its service saw.</summary>
    public ProbeWitness Witness => _application.Services.GetRequiredService<ProbeWitness>();

    /// <summary>Starts a server on a free port of this machine.</summary>
    /// <param name="grpc">Sets limits and compression.</param>
    /// <param name="kestrel">Sets the server; by default it listens over HTTP/2 without TLS.</param>
    /// <param name="map">Maps more than the probe.</param>
    public static async Task<ProbeServer> StartAsync(
        Action<GrpcServiceOptions>? grpc = null, Action<KestrelServerOptions>? kestrel = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => (kestrel ?? Listen)(options));
        builder.Services.AddSingleton<ProbeWitness>();
        builder.Services.AddGrpc(grpc ?? (_ => { }));
        var application = builder.Build();
        application.MapGrpcService<ProbeService>();
        map?.Invoke(application);
        await application.StartAsync();
        return new ProbeServer(application);
    }

    /// <summary>Listens on a free port over HTTP/2 without TLS.</summary>
    public static void Listen(KestrelServerOptions options) =>
        options.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2);

    public async ValueTask DisposeAsync()
    {
        // Calls that a test left open would keep the server waiting for half a minute.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }
}
