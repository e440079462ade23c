using System.Collections.Concurrent;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Hosting;

/// <summary>
/// Lets time pass for the grains: sweeps the fleet, and lets every run decide a few times a second, or at once when it is nudged. Every
/// replica does so, so that grains whose replica ended come up elsewhere. What takes its time, or fails, delays nothing else.
/// </summary>
/// <param name="grains">The grains.</param>
/// <param name="messenger">Tells workers that they are no members any more.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RunPulse(IGrainFactory grains, WorkerMessenger messenger, ILogger<RunPulse> log, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _nudged = new(0, 1);
    private readonly ConcurrentDictionary<string, Task> _underWay = new();

    /// <summary>Something has changed that runs should know at once.</summary>
    public void Nudge()
    {
        try
        {
            _nudged.Release();
        }
        catch (SemaphoreFullException)
        {
            // One nudge waits already.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Begin("fleet", SweepAsync);
            Begin("evaluations", EvaluateAsync);
            using var interval = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(_nudged.WaitAsync(interval.Token), Task.Delay(Interval, time, interval.Token));
            await interval.CancelAsync();
        }

        // None is left that would ask for grains of a silo that ends.
        await Task.WhenAll(_underWay.Values);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _nudged.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "the pulse of {What} failed; retrying at the next one")]
    private static partial void Delayed(ILogger logger, string what, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "the pulse of {What} failed; retrying at the next one")]
    private static partial void Failed(ILogger logger, string what, Exception error);

    /// <summary>Begins a beat of something, unless its last one is under way.</summary>
    private void Begin(string what, Func<Task> beat)
    {
        if (_underWay.TryGetValue(what, out var former) && !former.IsCompleted) return;
        _underWay[what] = BeatAsync(what, beat);
    }

    private async Task BeatAsync(string what, Func<Task> beat)
    {
        try
        {
            await beat();
        }
        catch (Exception error) when (GrainCalls.IsPassing(error))
        {
            Delayed(log, what, error);
        }
        catch (Exception error)
        {
            Failed(log, what, error);
        }
    }

    private async Task SweepAsync()
    {
        var sweep = await grains.GetGrain<IFleetGrain>(0).SweepAsync();
        foreach (var dismissal in sweep.Dismissed)
            await messenger.DismissAsync(dismissal.Worker, dismissal.Reason);
        foreach (var run in sweep.Runs)
            Begin($"run {run}", () => grains.GetGrain<IRunGrain>(run).PulseAsync());
    }

    private async Task EvaluateAsync()
    {
        var evaluations = grains.GetGrain<IEvaluationsGrain>(0);
        foreach (var ended in await evaluations.PulseAsync())
        {
            await grains.GetGrain<IRunGrain>(ended.Id.Run).MeasuredAsync(ended);
            await evaluations.AcknowledgeAsync(ended.Id);
        }
    }
}

/// <summary>Every replica lets time pass for a grain; more often than this it need not take it in.</summary>
internal sealed class PulseLimit(TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);

    private long? _last;

    /// <summary>Whether the grain has just taken it in.</summary>
    public bool IsTooSoon => _last is { } last && time.GetElapsedTime(last) < Shortest;

    /// <summary>The grain takes it in.</summary>
    public void Beat() => _last = time.GetTimestamp();
}
