using Atelier.Core.Kubernetes;

namespace Atelier.Kubernetes.Operator;

/// <summary>The coordinator's runs, as the operator needs them. What a person would have to change is a <see cref="Core.UserErrorException"/>; all else passes.</summary>
public interface IRunDirectory
{
    /// <summary>A run; null where there is none of that name.</summary>
    Task<RunObservation?> FindAsync(string run, CancellationToken cancellation);

    /// <summary>Whether a worker is attached that could look at a run's data.</summary>
    Task<bool> CanInspectAsync(string run, CancellationToken cancellation);

    /// <summary>Adds a run; the same again changes nothing.</summary>
    Task SubmitAsync(string run, TrainingRunSpec spec, CancellationToken cancellation);

    /// <summary>Lets a run save and stand still.</summary>
    Task PauseAsync(string run, CancellationToken cancellation);

    /// <summary>Lets a run go on.</summary>
    Task ResumeAsync(string run, CancellationToken cancellation);

    /// <summary>Ends a run.</summary>
    Task CancelAsync(string run, bool discards, CancellationToken cancellation);

    /// <summary>Forgets an ended run.</summary>
    Task ForgetAsync(string run, CancellationToken cancellation);
}
