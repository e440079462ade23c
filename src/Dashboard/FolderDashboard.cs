using System.Net;
using Atelier.Core;
using Atelier.Dashboard.Access;
using Atelier.Dashboard.Sources;
using Atelier.Rpc.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Atelier.Dashboard;

/// <summary>A dashboard of runs' folders, for this machine alone: it listens on loopback, answers only requests that name it, and changes nothing.</summary>
public sealed class FolderDashboard : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly WebApplication _app;

    private FolderDashboard(WebApplication app, Uri address) => (_app, Address) = (app, address);

    /// <summary>Where it is.</summary>
    public Uri Address { get; }

    /// <summary>Starts to serve.</summary>
    /// <param name="folder">A run's folder, or a folder with runs' folders.</param>
    /// <param name="port">0 for a free one.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">There is no such folder, or the port is taken.</exception>
    public static async Task<FolderDashboard> StartAsync(string folder, int port, TimeProvider time)
    {
        var runs = new FolderRuns(folder, time);
        runs.Require();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddRouting().AddSingleton(time).AddSingleton<IRunSource>(runs).AddSingleton(new BrowserSessions(null, time)).AddDashboard();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.UseNothingHere();
        app.UseRouting();
        app.MapDashboard();
        return new(app, new(await EmbeddedServer.StartAsync(app, $"--port {port}: cannot listen there")));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EmbeddedServer.StopAsync(_app, StopPatience);
}
