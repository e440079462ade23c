using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Atelier.Coordinator.Hosting;

/// <summary>Lets time pass for the grains: sweeps the fleet, and lets every run decide at least once a second, or at once when it is nudged.</summary>
/// <param name="grains">The grains.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RunPulse(IGrainFactory grains, ILogger<RunPulse> log, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _nudged = new(0, 1);

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
            try
            {
                await BeatAsync();
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Failed(log, error);
            }

            using var interval = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(_nudged.WaitAsync(interval.Token), Task.Delay(Interval, time, interval.Token));
            await interval.CancelAsync();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _nudged.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a pulse failed; the next one tries again")]
    private static partial void Failed(ILogger logger, Exception error);

    private async Task BeatAsync()
    {
        var sweep = await grains.GetGrain<IFleetGrain>(0).SweepAsync();
        foreach (var dismissal in sweep.Dismissed)
            await grains.GetGrain<IWorkerGrain>(dismissal.Worker).DismissAsync(dismissal.Reason);
        await Task.WhenAll(sweep.Runs.Select(run => grains.GetGrain<IRunGrain>(run).PulseAsync()));
        var evaluations = grains.GetGrain<IEvaluationsGrain>(0);
        foreach (var ended in await evaluations.PulseAsync())
        {
            await grains.GetGrain<IRunGrain>(ended.Key.Run).MeasuredAsync(ended);
            await evaluations.AcknowledgeAsync(ended.Key);
        }
    }
}
