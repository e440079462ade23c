using System.Text.Json;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// Reads, on a replica that may have to take grains over, what they have stored: what is compiled at the first reading of a run takes
/// half a second, for which everybody would wait after a failure. It reads until it has read a run that has begun.
/// </summary>
/// <param name="grains">The grains.</param>
/// <param name="services">Where the storage is.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class StateWarmUp(IGrainFactory grains, IServiceProvider services, ILogger<StateWarmUp> log, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for what comes before the first wait, and reflection is slow.
        await Task.Yield();
        HashSet<Type> known = [];
        foreach (var state in (Type[])[typeof(FleetGrainState), typeof(EvaluationsGrainState), typeof(RunGrainState)])
            Describe(state, known);
        using var due = new PeriodicTimer(Again, time);
        while (!await HasReadRunAsync())
            await due.WaitForNextTickAsync(stoppingToken);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "could not read stored state ahead of time; it will be read when needed")]
    private static partial void NotRead(ILogger logger, Exception error);

    /// <summary>Has the serializer make its description of a type, and of all within it.</summary>
    private static void Describe(Type type, HashSet<Type> known)
    {
        if (!known.Add(type)) return;
        var description = JsonSerializerOptions.Default.GetTypeInfo(type);
        foreach (var inner in (Type?[])[description.ElementType, description.KeyType, .. description.Properties.Select(property => property.PropertyType)])
        {
            if (inner is not null) Describe(inner, known);
        }
    }

    private async Task<bool> HasReadRunAsync()
    {
        try
        {
            var fleet = await ReadAsync<FleetGrainState>("fleet", grains.GetGrain<IFleetGrain>(0));
            await ReadAsync<EvaluationsGrainState>("evaluations", grains.GetGrain<IEvaluationsGrain>(0));
            foreach (string run in fleet.Details.Keys)
            {
                if ((await ReadAsync<RunGrainState>("run", grains.GetGrain<IRunGrain>(run))).Generation is not null) return true;
            }
        }
        catch (Exception error) when (GrainCalls.IsPassing(error) || error is JsonException)
        {
            NotRead(log, error);
        }
        return false;
    }

    /// <summary>Reads a state beside its grain, which may live on another replica.</summary>
    private async Task<T> ReadAsync<T>(string name, IGrain grain)
        where T : EpochState, new()
    {
        var read = new GrainState<T>(new());
        await services.GetRequiredKeyedService<IGrainStorage>("Default").ReadStateAsync(name, grain.GetGrainId(), read);
        return read.State ?? new();
    }
}
