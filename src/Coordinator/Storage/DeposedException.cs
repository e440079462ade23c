namespace Atelier.Coordinator.Storage;

/// <summary>A coordinator tried to write after its term: another one is in charge. It has to stop.</summary>
/// <param name="term">The term that it wrote under.</param>
/// <param name="current">The highest term; 0 if none ever began.</param>
public sealed class DeposedException(long term, long current)
    : Exception($"This coordinator writes under term {term}, but the term is {current}: another coordinator has taken over, and this one must stop.")
{
    /// <summary>The term that the coordinator wrote under.</summary>
    public long Term { get; } = term;

    /// <summary>The highest term; 0 if none ever began.</summary>
    public long Current { get; } = current;
}
