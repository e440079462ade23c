using System.CommandLine;
using System.Net;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Telemetry;
using Atelier.Rpc.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;

namespace Atelier.Cli.Telemetry;

/// <summary>
/// A plain HTTP port of a process of its own, for Prometheus (<c>/metrics</c>) and probes (<c>/startupz</c>, <c>/readyz</c>, <c>/livez</c>).
/// It only tells: names of runs and workers, numbers, and what is wrong; it shows no path, spec or token, and takes nothing.
/// </summary>
internal sealed class MonitoringServer : IAsyncDisposable
{
    private const string Metrics = "/metrics", Startup = "/startupz", Ready = "/readyz", Live = "/livez";

    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(200);

    private readonly WebApplication _app;

    private MonitoringServer(WebApplication app, string address) => (_app, Address) = (app, address);

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>The option that names the port.</summary>
    public static Option<string?> Option() => new("--monitoring")
    {
        Description = $"HOST:PORT or *:PORT to serve {Metrics} (Prometheus), {Startup}, {Ready} and {Live} (probes) over plain HTTP (default: none)",
    };

    /// <summary>What the option names; null for nowhere.</summary>
    public static ListenAddress? Parse(string? given) => given is null ? null : ListenAddress.Parse(given);

    /// <summary>Whether a path is asked for by machines, again and again.</summary>
    public static bool IsProbe(PathString path) => path.Value is Metrics or Startup or Ready or Live;

    /// <summary>Starts to answer.</summary>
    /// <param name="listen">Where.</param>
    /// <param name="metrics">What Prometheus is told.</param>
    /// <param name="health">What probes are told.</param>
    /// <exception cref="UserErrorException">It cannot listen there.</exception>
    public static async Task<MonitoringServer> StartAsync(ListenAddress listen, MeterProvider metrics, ProcessHealth health)
    {
        if (listen.Port is not { } port)
            throw new UserErrorException($"--monitoring {listen}: must have a port, as in 127.0.0.1:9464");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (listen.Host == "*")
                kestrel.ListenAnyIP(port);
            else
                kestrel.Listen(Dns.GetHostAddresses(listen.Host)[0], port);
        });
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        var app = builder.Build();
        app.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, null, Metrics, null, null);
        app.Run(context => AnswerAsync(context, health));
        return new(app, await EmbeddedServer.StartAsync(app, $"--monitoring: cannot listen on {listen}"));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EmbeddedServer.StopAsync(_app, StopPatience);

    private static Task AnswerAsync(HttpContext context, ProcessHealth health)
    {
        string? trouble = context.Request.Path.Value switch
        {
            Live => null,
            Ready => health.Trouble,
            Startup => health.HasStarted ? null : health.Trouble,
            _ => "",
        };
        context.Response.StatusCode = trouble switch
        {
            null => StatusCodes.Status200OK,
            "" => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(trouble is null ? "ok\n" : $"{trouble}\n", context.RequestAborted);
    }
}
