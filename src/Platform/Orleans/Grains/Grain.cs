using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// The base of grain classes. One call runs at a time, and what it awaits goes on in the same turn order, so that a grain needs no
/// locks; <see cref="Concurrency.ReentrantAttribute"/> lets calls interleave at their awaits.
/// </summary>
public abstract class Grain : IGrainBase, IAddressable
{
    private readonly Activation _activation;

    /// <summary>For the silo, which makes the instances.</summary>
    /// <exception cref="InvalidOperationException">Anyone else makes one.</exception>
    protected Grain() =>
        _activation = Activation.UnderConstruction ?? throw new InvalidOperationException($"{GetType().Name} is a grain: get it from a grain factory.");

    /// <inheritdoc/>
    public IGrainContext GrainContext => _activation;

    /// <summary>Gives references to other grains.</summary>
    protected IGrainFactory GrainFactory => _activation.Silo.Factory;

    /// <inheritdoc/>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation after the calls that run.</summary>
    protected void DeactivateOnIdle()
    {
        _activation.RequireTurn();
        _activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The grain asked for it."));
    }

    /// <summary>Keeps this activation for at least so long, however idle it is; <see cref="TimeSpan.MaxValue"/> is for ever.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan)
    {
        _activation.RequireTurn();
        _activation.KeepFor(timeSpan);
    }
}
