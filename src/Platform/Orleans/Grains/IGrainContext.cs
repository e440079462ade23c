namespace Orleans.Runtime;

/// <summary>A grain's activation: the instance that answers for the grain at this time, and its turns.</summary>
public interface IGrainContext
{
    /// <summary>The grain.</summary>
    GrainId GrainId { get; }

    /// <summary>The instance; null while it is made.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of this activation; they are disposed of with it.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Ends when the activation has.</summary>
    Task Deactivated { get; }

    /// <summary>Ends the activation after the calls that run; calls that wait go to the next one.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
