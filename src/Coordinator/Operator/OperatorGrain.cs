using System.Diagnostics.CodeAnalysis;
using Atelier.Coordinator.Hosting;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Operator;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Placement;

namespace Atelier.Coordinator.Operator;

/// <summary>
/// Says which replica is the operator of Kubernetes: the one that has this grain's activation (key 0). A replica that ends takes the activation
/// with it, and the next pulse of another one makes it there.
/// </summary>
[Alias("atelier.operator")]
public interface IOperatorGrain : IGrainWithIntegerKey
{
    /// <summary>Sees to it that the operator works; called every second by every replica that serves Kubernetes.</summary>
    [Alias("Pulse")]
    Task PulseAsync();
}

/// <summary>Has the operator work where it is.</summary>
/// <param name="host">The replica's.</param>
// A replica that was started without --kubernetes pulses nothing, and so never gets it.
[PreferLocalPlacement]
public sealed class OperatorGrain(OperatorHost host) : Grain, IOperatorGrain
{
    /// <inheritdoc/>
    public Task PulseAsync()
    {
        host.Begin();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => host.EndAsync().WaitAsync(cancellationToken);
}

/// <summary>The operator of a replica, which works beside the grain's turns and only while the grain is there.</summary>
/// <param name="options">The coordinator.</param>
/// <param name="runs">Its runs.</param>
/// <param name="time">The clock.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "it lives as long as the process, and ends with the grain")]
public sealed class OperatorHost(CoordinatorOptions options, IRunDirectory runs, TimeProvider time)
{
    /// <summary>An operator that nobody has asked for so long ends: the grain may be elsewhere by now.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private CancellationTokenSource? _stop;
    private Task _work = Task.CompletedTask;

    /// <summary>Begins, unless it works already.</summary>
    public void Begin()
    {
        if (options.Kubernetes is not { } access) throw new InvalidOperationException("this coordinator was started without --kubernetes");
        lock (_lock)
        {
            if (_stop is { IsCancellationRequested: false } && !_work.IsCompleted)
            {
                _stop.CancelAfter(Patience);
                return;
            }

            // The former one, if any, has ended or is ending; two at once would only do the same twice.
            _stop = new CancellationTokenSource(Patience, time);
            _work = WorkAsync(access, _stop.Token);
        }
    }

    /// <summary>Ends.</summary>
    public async Task EndAsync()
    {
        Task work;
        lock (_lock)
        {
            _stop?.Cancel();
            work = _work;
        }

        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WorkAsync(ClusterAccess access, CancellationToken cancellation)
    {
        await Task.Yield();
        using var api = new KubernetesApi(access, time);
        await new RunOperator(api, runs, new OperatorSettings(), options.Say, time).RunAsync(cancellation);
    }
}

/// <summary>Pulses the operator's grain.</summary>
/// <param name="grains">The grains.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class OperatorPulse(IGrainFactory grains, ILogger<OperatorPulse> log, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var again = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await grains.GetGrain<IOperatorGrain>(0).PulseAsync();
                }
                catch (Exception error) when (GrainCalls.IsPassing(error))
                {
                    Delayed(log, error);
                }
            }
            while (await again.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // It stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "cannot reach the operator; retrying at the next pulse")]
    private static partial void Delayed(ILogger logger, Exception error);
}
