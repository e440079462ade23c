using Orleans.Runtime;

namespace Orleans;

/// <summary>What every grain class has; <see cref="Grain"/> implements it.</summary>
public interface IGrainBase
{
    /// <summary>The activation that the instance belongs to.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first call, after the persistent state was read; if it fails, so do the calls that wait.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs after the last call.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
