using Atelier.Rpc.Health;
using Atelier.Rpc.Transport;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Atelier.Rpc.Tests;

/// <summary>A server with the health service on a Unix socket, and a channel to it.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private HealthServer(WebApplication application, GrpcChannel channel)
    {
        _application = application;
        Channel = channel;
    }

    public GrpcChannel Channel { get; }

    public static async Task<HealthServer> StartAsync(HealthService health)
    {
        var path = new UnixSocketPath(Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            ServerTransport.Configure(options, new ServerLimits());
            options.ListenUnixSocket(path.Path, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton(health);
        builder.Services.AddGrpc();
        var application = builder.Build();
        application.MapGrpcService<HealthService>();
        await application.StartAsync();
        return new HealthServer(
            application, GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = ClientTransport.Unix(path), DisposeHttpClient = true }));
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _application.DisposeAsync();
    }
}
