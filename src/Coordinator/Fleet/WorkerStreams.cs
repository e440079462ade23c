using System.Collections.Concurrent;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Protos;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Atelier.Coordinator.Fleet;

/// <summary>
/// The streams of workers that this replica has. It renews the leases of all of them in one call, since a thousand workers would cost a
/// thousand, and tells each worker's grain which stream it has: at once when a replica came or went, and now and then besides.
/// </summary>
/// <param name="grains">The grains.</param>
/// <param name="cluster">Whose messages these are.</param>
/// <param name="replicas">Tells when a replica comes or goes: grains that lived on it have forgotten their streams.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class WorkerStreams(
    IGrainFactory grains, ClusterIdentity cluster, ISiloStatusOracle replicas, ILogger<WorkerStreams> log, TimeProvider time) : BackgroundService, ISiloStatusListener
{
    /// <summary>Leases are renewed so often at most, however much workers say.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromMilliseconds(250);

    /// <summary>Grains are told of their streams so often while replicas come and go.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(1);

    /// <summary>So long after a replica came or went, grains may still move.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(20);

    /// <summary>Of so many streams, one is told of at each reminder while replicas stay what they are.</summary>
    private const int Settled = 10;

    private readonly ConcurrentDictionary<long, WorkerStream> _streams = new();
    private long _changed = time.GetTimestamp();
    private Task _renewing = Task.CompletedTask;

    /// <summary>A stream has begun.</summary>
    public void Add(WorkerStream stream) => _streams[stream.Session] = stream;

    /// <summary>A stream has ended.</summary>
    public void Remove(WorkerStream stream) => _streams.TryRemove(stream.Session, out _);

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status) => Interlocked.Exchange(ref _changed, time.GetTimestamp());

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        replicas.SubscribeToSiloStatusEvents(this);
        try
        {
            using var due = new PeriodicTimer(Renewal, time);
            for (long reminder = 0, tick = 0; await due.WaitForNextTickAsync(stoppingToken); tick++)
            {
                if (_renewing.IsCompleted) _renewing = RenewAsync();
                if (tick % (Reminder / Renewal) == 0) Remind(reminder++);
            }
        }
        finally
        {
            replicas.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "could not renew the leases of {Count} workers; retrying")]
    private static partial void NotRenewed(ILogger logger, int count, Exception error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "could not notify the grain of {Worker} about its stream; retrying")]
    private static partial void NotTold(ILogger logger, string worker, Exception error);

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
                if (strangers.Contains(stream.Worker)) stream.Connection.End(new Status(StatusCode.Aborted, $"{stream.Worker.Worker} is no longer attached"));
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

    private void Remind(long reminder)
    {
        var all = time.GetElapsedTime(Interlocked.Read(ref _changed)) < Unsettled;
        foreach (var stream in _streams.Values)
        {
            if ((all || (stream.Session + reminder) % Settled == 0) && stream.Reminding.IsCompleted) stream.Reminding = RemindAsync(stream);
        }
    }

    private async Task RemindAsync(WorkerStream stream)
    {
        try
        {
            if (!await stream.Grain.AttachAsync(stream.Session, stream.Reference))
                stream.Connection.End(new Status(StatusCode.Aborted, $"{stream.Worker.Worker} has reattached"));
        }
        catch (Exception error) when (GrainCalls.IsPassing(error))
        {
            NotTold(log, stream.Worker.Worker, error);
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
/// <param name="grain">The worker's grain.</param>
/// <param name="reference">The stream, as grains see it.</param>
/// <param name="connection">The stream.</param>
/// <param name="onlyRun">The one run that the worker serves; empty for any.</param>
internal sealed class WorkerStream(WorkerKey worker, long session, IWorkerGrain grain, IWorkerConnection reference, WorkerConnection connection, string onlyRun)
{
    private int _isHeard;

    /// <summary>The worker.</summary>
    public WorkerKey Worker => worker;

    /// <summary>Number of the stream.</summary>
    public long Session => session;

    /// <summary>The worker's grain.</summary>
    public IWorkerGrain Grain => grain;

    /// <summary>The stream, as grains see it.</summary>
    public IWorkerConnection Reference => reference;

    /// <summary>The stream.</summary>
    public WorkerConnection Connection => connection;

    /// <summary>The one run that the worker serves; empty for any.</summary>
    public string OnlyRun => onlyRun;

    /// <summary>The last time that the grain was told of the stream.</summary>
    public Task Reminding { get; set; } = Task.CompletedTask;

    /// <summary>Something was heard from the worker.</summary>
    public void Heard() => Volatile.Write(ref _isHeard, 1);

    /// <summary>Whether something was heard since the last time.</summary>
    public bool TakeHeard() => Interlocked.Exchange(ref _isHeard, 0) == 1;
}
