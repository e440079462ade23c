using System.Security.Cryptography;
using Atelier.Dashboard.Access;
using Atelier.Dashboard.Api;
using Atelier.Dashboard.Live;
using Atelier.Dashboard.Pages;
using Atelier.Dashboard.Sources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Atelier.Dashboard;

/// <summary>What a dashboard maps: who may call each part is the server's to say.</summary>
/// <param name="Open">Where one signs in, and files that are the same in every installation.</param>
/// <param name="Guarded">Everything else.</param>
public sealed record DashboardEndpoints(IEndpointConventionBuilder Open, IEndpointConventionBuilder Guarded);

/// <summary>Puts a dashboard into a server.</summary>
public static class DashboardServer
{
    /// <summary>The last part of the address of assets, which changes with them.</summary>
    internal static string AssetVersion { get; } = VersionOf();

    /// <summary>Adds what the dashboard needs; besides, the server provides an <see cref="IRunSource"/>, <see cref="BrowserSessions"/> and a clock.</summary>
    public static IServiceCollection AddDashboard(this IServiceCollection services)
    {
        services.AddSingleton<PageRenderer>();
        services.AddSingleton(provider => new RunStates(provider.GetRequiredService<IRunSource>(), provider.GetRequiredService<PageRenderer>(), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>Answers for addresses where nothing is, to those who may know that.</summary>
    public static IApplicationBuilder UseNothingHere(this IApplicationBuilder app) => app.UseStatusCodePages(status => status.HttpContext.Response.StatusCode == StatusCodes.Status404NotFound
        ? Problems.Of(StatusCodes.Status404NotFound, "nothing at this address; the runs are at /, and docs/dashboard.md lists the API").ExecuteAsync(status.HttpContext)
        : Task.CompletedTask);

    /// <summary>Maps pages, <c>/api</c> and assets.</summary>
    public static DashboardEndpoints MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var (sessions, states) = (services.GetRequiredService<BrowserSessions>(), services.GetRequiredService<RunStates>());
        var (guard, renderer) = (new RequestGuard(sessions), services.GetRequiredService<PageRenderer>());
        var mistakes = new MistakeFilter((status, title) => new(Problems.Of(status, title)));
        var open = endpoints.MapGroup("").AddEndpointFilter(guard).AddEndpointFilter(mistakes).WithMetadata(ForBrowsers.Instance);
        var guarded = endpoints.MapGroup("").AddEndpointFilter(guard).WithMetadata(ForBrowsers.Instance);
        var streams = new EventStreams(states, services.GetRequiredService<IHostApplicationLifetime>());

        var api = guarded.MapGroup("/api").AddEndpointFilter(mistakes);
        ApiEndpoints.Map(api, states);
        streams.Map(api);
        if (states.Source.IsCoordinator) ApiEndpoints.MapCommands(api, states.Source);

        var pages = guarded.MapGroup("").AddEndpointFilter(new MistakeFilter(async (status, title) => await PageEndpoints.MistakeAsync(renderer, states.Source, status, title)));
        new PageEndpoints(states, renderer, sessions).Map(pages);
        streams.MapLive(pages);
        PageEndpoints.MapSignIn(open, renderer, sessions);
        MapAssets(open);
        return new(open, guarded);
    }

    private static void MapAssets(IEndpointRouteBuilder open)
    {
        foreach (var name in Names())
        {
            var content = Read(name);
            var type = Path.GetExtension(name) switch { ".js" => "text/javascript; charset=utf-8", ".css" => "text/css; charset=utf-8", ".svg" => "image/svg+xml", _ => "text/plain; charset=utf-8" };
            open.MapGet($"/{name}", (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
                return Results.Bytes(content, type);
            });
        }
    }

    private static IEnumerable<string> Names() => typeof(DashboardServer).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("assets/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static byte[] Read(string name)
    {
        using var stream = typeof(DashboardServer).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static string VersionOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in Names()) hash.AppendData(Read(name));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
