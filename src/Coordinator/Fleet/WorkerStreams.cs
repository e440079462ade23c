using System.Collections.Concurrent;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Protos;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// The streams of workers that this replica has. It renews the leases of all of them in one call, since a thousand workers would cost a
/// thousand.
/// </summary>
/// <param name="grains">The grains.</param>
/// <param name="cluster">Whose messages these are.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class WorkerStreams(IGrainFactory grains, ClusterIdentity cluster, ILogger<WorkerStreams> log, TimeProvider time) : BackgroundService
{
    /// <summary>Leases are renewed so often at most, however much workers say.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, WorkerStream> _streams = new();
    private Task _renewing = Task.CompletedTask;

    /// <summary>A stream has begun. Of a worker's streams, the one of the latest session stays.</summary>
    public void Add(WorkerStream stream)
    {
        var name = stream.Worker.Worker;
        WorkerStream? former = null;
        var latest = _streams.AddOrUpdate(name, stream, (_, present) => (former = present).Session > stream.Session ? present : stream);
        (latest == stream ? former : stream)?.End(WorkerStream.Superseded);
    }

    /// <summary>A stream has ended.</summary>
    public void Remove(WorkerStream stream) => _streams.TryRemove(new(stream.Worker.Worker, stream));

    /// <summary>A worker's stream; null where it is on another replica, or nowhere.</summary>
    public WorkerStream? Find(string worker) => _streams.GetValueOrDefault(worker);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var due = new PeriodicTimer(Renewal, time);
        while (await due.WaitForNextTickAsync(stoppingToken))
        {
            if (_renewing.IsCompleted) _renewing = RenewAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "could not renew the leases of {Count} workers; retrying")]
    private static partial void NotRenewed(ILogger logger, int count, Exception error);

    private async Task RenewAsync()
    {
        var heard = _streams.Values.Where(stream => stream.TakeHeard()).ToList();
        if (heard.Count == 0) return;
        try
        {
            var renewed = await grains.GetGrain<IFleetGrain>(0).RenewAsync(
                [.. heard.Select(stream => stream.Worker)], [.. heard.Select(stream => stream.OnlyRun).Where(run => run.Length > 0).Distinct()]);
            var strangers = renewed.Strangers.ToHashSet();
            foreach (var stream in heard)
            {
                // Its lease ran out, or it left by another stream: it has to join anew.
                if (strangers.Contains(stream.Worker)) stream.End($"{stream.Worker.Worker} is no longer attached");
                // Told until the worker has left.
                else if (renewed.Ended.TryGetValue(stream.OnlyRun, out var end))
                    stream.Connection.Send(new CoordinatorMessage { Cluster = cluster.Id, RunEnded = new() { Run = stream.OnlyRun, Ending = EndingOf(end), Reason = end.Reason } });
            }
        }
        catch (Exception error) when (GrainCalls.IsPassing(error))
        {
            foreach (var stream in heard) stream.Heard();
            NotRenewed(log, heard.Count, error);
        }
    }

    private static RunEnding EndingOf(RunEnd end) => end.Status switch
    {
        Core.Fleet.Queue.RunStatus.Finished => RunEnding.Finished,
        Core.Fleet.Queue.RunStatus.Failed => RunEnding.Failed,
        _ => RunEnding.Cancelled,
    };
}

/// <summary>A worker's stream as long as it lasts.</summary>
/// <param name="worker">The worker.</param>
/// <param name="session">Number of the stream, higher than those of all before it.</param>
/// <param name="connection">The stream.</param>
/// <param name="onlyRun">The one run that the worker serves; empty for any.</param>
/// <param name="time">The clock.</param>
internal sealed class WorkerStream(WorkerKey worker, long session, WorkerConnection connection, string onlyRun, TimeProvider time)
{
    /// <summary>Why a stream ends that a later one has replaced.</summary>
    public const string Superseded = "the worker has reattached";

    /// <summary>Decisions ask again for what is not done; a stream loses nothing, so that asking now and then is enough.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private int _isHeard;
    private (string Name, long At) _last = ("", 0);

    /// <summary>The worker.</summary>
    public WorkerKey Worker => worker;

    /// <summary>Number of the stream.</summary>
    public long Session => session;

    /// <summary>The stream.</summary>
    public WorkerConnection Connection => connection;

    /// <summary>The one run that the worker serves; empty for any.</summary>
    public string OnlyRun => onlyRun;

    /// <summary>Sends a message. What was sent last is not sent again at once. Called by one thread at a time.</summary>
    public void Tell(string name, WireMessage message)
    {
        if (_last.Name == name && time.GetElapsedTime(_last.At) < Again) return;
        _last = (name, time.GetTimestamp());
        connection.Send(message);
    }

    /// <summary>Ends the stream; the worker may attach again, and hears then if it may not.</summary>
    /// <param name="reason">What to tell the worker.</param>
    public void End(string reason) => connection.End(new Status(StatusCode.Aborted, reason));

    /// <summary>Something was heard from the worker.</summary>
    public void Heard() => Volatile.Write(ref _isHeard, 1);

    /// <summary>Whether something was heard since the last time.</summary>
    public bool TakeHeard() => Interlocked.Exchange(ref _isHeard, 0) == 1;
}
