using System.Data.Common;
using Atelier.Core.Telemetry;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// Orleans' storage over ADO.NET, with what coordinators need besides: a database that cannot be read or written is told of once, and
/// once more when it can be; callers on other replicas get no exceptions of a provider; and writes take turns where the database wants it.
/// </summary>
/// <param name="storage">The storage.</param>
/// <param name="takesTurns">Whether one write at a time is let in. Waiting inside SQLite would block a thread for each, and cost eight writers nine tenths of the rate.</param>
/// <param name="health">Told of failures.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "Writes may end after the silo; a semaphore without a handle need not be disposed.")]
internal sealed class GrainStateStorage(AdoNetGrainStorage storage, bool takesTurns, DatabaseHealth health) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private readonly SemaphoreSlim? _turn = takesTurns ? new(1, 1) : null;

    public void Participate(ISiloLifecycle observer) => storage.Participate(observer);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => WatchAsync(() => storage.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => InTurnAsync(() => storage.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => InTurnAsync(() => storage.ClearStateAsync(stateName, grainId, grainState));

    private async Task InTurnAsync(Func<Task> change)
    {
        if (_turn is not null)
            await _turn.WaitAsync();
        try
        {
            await WatchAsync(change);
            // A full disk can still be read.
            health.Works();
        }
        finally
        {
            _turn?.Release();
        }
    }

    private async Task WatchAsync(Func<Task> access)
    {
        try
        {
            await access();
        }
        catch (DbException error)
        {
            health.Fails(error.Message);
            throw new IOException($"could not read or store the coordinator's state: {error.Message}");
        }
    }
}

/// <summary>Tells, once each, that the database cannot be used, and that it can be again: it is tried until it can.</summary>
/// <param name="database">The database.</param>
/// <param name="say">Told, a line at a time.</param>
/// <param name="health">What probes are told.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseHealth(CoordinatorDatabase database, Action<string> say, ProcessHealth health, TimeProvider time)
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private int _isFailing;

    /// <summary>A change succeeded.</summary>
    public void Works()
    {
        if (Interlocked.Exchange(ref _isFailing, 0) == 0)
            return;
        health.Ready();
        say($"{database.Description} is available again");
    }

    /// <summary>An access failed.</summary>
    /// <param name="why">Why.</param>
    public void Fails(string why)
    {
        if (Interlocked.Exchange(ref _isFailing, 1) == 1)
            return;
        health.NotReady($"{database.Description} cannot be used: {why}");
        say($"{database.Description} cannot be used: {why}; workers keep training, but nothing else happens until it recovers");
        _ = TryUntilItWorksAsync();
    }

    // No grain may live here that would use it.
    private async Task TryUntilItWorksAsync()
    {
        while (Volatile.Read(ref _isFailing) == 1)
        {
            await Task.Delay(TryAgain, time);
            if (await database.CanBeWrittenAsync())
                Works();
        }
    }
}
