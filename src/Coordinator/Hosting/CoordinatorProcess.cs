using System.Data.Common;
using Atelier.Coordinator.Storage;
using Atelier.Core;

namespace Atelier.Coordinator.Hosting;

/// <summary>
/// One coordinator among several over one database: it waits for the lease, leads while it can renew it, and waits again.
/// Only the one that leads listens, so that the others' addresses refuse connections and callers try the next.
/// </summary>
/// <param name="options">How it is run.</param>
/// <param name="say">Told what it does, a line at a time.</param>
/// <param name="time">The clock.</param>
public sealed class CoordinatorProcess(CoordinatorOptions options, Action<string> say, TimeProvider time)
{
    /// <summary>Runs until it is stopped.</summary>
    /// <param name="cancellation">Stops it; the lease is given back.</param>
    /// <exception cref="UserErrorException">It may not, or cannot, listen.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await options.Database.CreateTablesAsync(cancellation);
        while (!cancellation.IsCancellationRequested)
        {
            if (await AcquireAsync(cancellation) is not { } term) return;
            await LeadAsync(term, cancellation);
        }
    }

    private async Task<long?> AcquireAsync(CancellationToken cancellation)
    {
        var told = "";
        void Tell(string line)
        {
            if (line != told) say(told = line);
        }

        try
        {
            while (true)
            {
                try
                {
                    if (await options.Database.Lease.TryAcquireAsync(options.Holder, options.LeaseLength, cancellation) is { } term) return term;
                    var held = await options.Database.Lease.ObserveAsync(cancellation);
                    if (held is { IsHeld: true }) Tell($"standby: {held.Holder} leads (term {held.Term}); waiting for its lease to end");
                }
                catch (Exception error) when (IsOfDatabase(error))
                {
                    Tell($"the database cannot be used: {error.Message}; trying on");
                }

                await Task.Delay(options.LeaseLength / 20, time, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task LeadAsync(long term, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // From the start on, which may take longer than the lease.
        var renewing = RenewAsync(term, end.Token);
        try
        {
            await using var server = await CoordinatorServer.StartAsync(options, term, time, cancellation);
            foreach (var address in server.Addresses) say($"listening on {address} (term {term})");
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await end.CancelAsync();
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ReleaseAsync(term);
        }

        if (!cancellation.IsCancellationRequested) say($"term {term} is over: the lease could not be renewed in time");
    }

    /// <summary>Renews until that fails for so long that another one may lead.</summary>
    private async Task RenewAsync(long term, CancellationToken cancellation)
    {
        var renewed = time.GetTimestamp();
        while (time.GetElapsedTime(renewed) < options.LeaseLength)
        {
            await Task.Delay(options.LeaseLength / 4, time, cancellation);
            var asked = time.GetTimestamp();
            try
            {
                if (!await options.Database.Lease.RenewAsync(term, options.LeaseLength, cancellation)) return;
                renewed = asked;
            }
            catch (Exception error) when (IsOfDatabase(error))
            {
                say($"the lease could not be renewed yet: {error.Message}");
            }
        }
    }

    /// <summary>Gives the lease back; nothing happens where another term has begun.</summary>
    private async Task ReleaseAsync(long term)
    {
        try
        {
            await options.Database.Lease.ReleaseAsync(term, CancellationToken.None);
        }
        catch (Exception error) when (IsOfDatabase(error))
        {
            // It runs out by itself.
            say($"the lease could not be given back: {error.Message}");
        }
    }

    private static bool IsOfDatabase(Exception error) => error is DbException or IOException;
}
