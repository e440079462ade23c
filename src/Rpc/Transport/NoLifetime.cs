using Microsoft.Extensions.Hosting;

namespace Atelier.Rpc.Transport;

/// <summary>The lifetime of a server within a process: the signals are the program's to handle.</summary>
public sealed class NoLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
