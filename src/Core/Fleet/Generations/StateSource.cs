namespace Atelier.Core.Fleet.Generations;

/// <summary>Where members that do not hold a generation's starting state get it.</summary>
public enum StateOrigin
{
    /// <summary>From a worker that holds it.</summary>
    Worker,

    /// <summary>From the snapshot of that position.</summary>
    Snapshot,

    /// <summary>From the seed: it is the initial state.</summary>
    Seed,
}

/// <summary>Where a generation's starting state comes from.</summary>
/// <param name="Origin">What kind of place.</param>
/// <param name="Worker">The worker that holds it; null for other origins.</param>
public sealed record StateSource(StateOrigin Origin, WorkerId? Worker = null);
