using System.Data.Common;
using Atelier.Core;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService;

namespace Atelier.Coordinator.Hosting;

/// <summary>A coordinator for as long as its process lives: it waits for the database, serves, and joins anew if the other replicas have given it up.</summary>
/// <param name="options">How it is run, and who is told what it does.</param>
/// <param name="time">The clock.</param>
public sealed class CoordinatorProcess(CoordinatorOptions options, TimeProvider time)
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private string _said = "";

    /// <summary>Runs until it is stopped.</summary>
    /// <param name="cancellation">Stops it; what it does is handed over to the other replicas.</param>
    /// <exception cref="UserErrorException">It may not, or cannot, listen; or the database cannot be used at all.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (CauseOf(error) is { } cause)
            {
                options.Health.NotReady(cause);
                SayOnce($"{cause}; trying again");
                await Task.Delay(TryAgain, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(CancellationToken cancellation)
    {
        var identity = await options.Database.OpenAsync(options.Say, time, cancellation);
        await using var server = await CoordinatorServer.StartAsync(options, identity, time, cancellation);
        _said = "";
        options.Health.Ready();
        foreach (var address in server.Addresses)
            options.Say($"listening on {address}");
        if (options.Database.IsShared)
        {
            options.Say($"replica {options.ReplicaAddress} of cluster {identity.Id[..8]}");
            server.Follow(options.Say);
        }

        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        var isDead = await Task.WhenAny(server.Died, stopped) == server.Died;
        options.Health.NotReady(isDead ? "the other replicas declared this one dead" : "it stops");
        if (isDead)
            options.Say($"the other replicas declared this one dead ({await server.Died}); rejoining");
    }

    private void SayOnce(string line)
    {
        if (line != _said)
            options.Say(_said = line);
    }

    /// <summary>What is wrong with the database, or with the way to the other replicas; null for an error of another kind.</summary>
    private string? CauseOf(Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is OrleansClusterConnectivityCheckFailedException)
            {
                return $"the replicas listed in {options.Database.Description} cannot be reached from {options.ReplicaAddress}. Replicas reach each other at their --replica-listen, "
                    + "with certificates from one CA; a different cluster needs its own database";
            }

            if (cause is DbException or IOException or TimeoutException or OrleansException)
                return $"{options.Database.Description} cannot be used: {cause.Message}";
        }

        return error is AggregateException { InnerExceptions: [var first, ..] } ? CauseOf(first) : null;
    }
}
