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
        var isTold = false;
        try
        {
            while (true)
            {
                if (await options.Database.Lease.TryAcquireAsync(options.Holder, options.LeaseLength, cancellation) is { } term) return term;
                var held = await options.Database.Lease.ObserveAsync(cancellation);
                if (!isTold && held is { IsHeld: true }) say($"standby: {held.Holder} leads (term {held.Term}); waiting for its lease to end");
                isTold = true;
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
        try
        {
            await using var server = await CoordinatorServer.StartAsync(options, term, time, cancellation);
            foreach (var address in server.Addresses) say($"listening on {address} (term {term})");
            await RenewAsync(term, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            // Nothing happens where another term has begun.
            await options.Database.Lease.ReleaseAsync(term, CancellationToken.None);
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
            catch (Exception error) when (error is System.Data.Common.DbException or IOException)
            {
                say($"the lease could not be renewed yet: {error.Message}");
            }
        }
    }
}
