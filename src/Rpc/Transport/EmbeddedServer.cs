using Atelier.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Atelier.Rpc.Transport;

/// <summary>A small HTTP server inside a program that does something else, which starts it, asks where it is, and stops it.</summary>
public static class EmbeddedServer
{
    /// <summary>Starts to listen.</summary>
    /// <param name="app">The server, which is disposed of if it cannot.</param>
    /// <param name="where">What cannot be, for people: <c>--port 80: cannot listen there</c>.</param>
    /// <returns>Its first address, with the port that it got.</returns>
    /// <exception cref="UserErrorException">It cannot listen there.</exception>
    public static async Task<string> StartAsync(WebApplication app, string where)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            await app.StartAsync();
        }
        catch (IOException error)
        {
            await app.DisposeAsync();
            throw new UserErrorException($"{where}: {error.Message}", error);
        }

        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    /// <summary>Stops; whoever is still served after a moment is cut off.</summary>
    /// <param name="app">The server.</param>
    /// <param name="patience">The moment.</param>
    public static async Task StopAsync(WebApplication app, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(app);
        using var soon = new CancellationTokenSource(patience);
        try
        {
            await app.StopAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            // They notice.
        }

        await app.DisposeAsync();
    }
}

/// <summary>The lifetime of a server inside a program that handles signals itself, instead of the host's, which would.</summary>
public sealed class EmbeddedHostLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
