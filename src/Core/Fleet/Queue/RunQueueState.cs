namespace Atelier.Core.Fleet.Queue;

/// <summary>All runs, in the order of submission.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="NextOrder">The order number of the next submission.</param>
public sealed record RunQueueState(IReadOnlyList<RunEntry> Runs, long NextOrder)
{
    /// <summary>A queue without runs.</summary>
    public static RunQueueState Empty { get; } = new([], 0);

    /// <summary>A run by name.</summary>
    /// <param name="run">Its name.</param>
    /// <exception cref="UserErrorException">There is no such run.</exception>
    public RunEntry Get(RunId run) =>
        Runs.FirstOrDefault(entry => entry.Run == run) ?? throw new UserErrorException($"There is no run called {run}. `atelier ls` lists the runs.");

    /// <summary>The queue with one of its runs changed.</summary>
    /// <param name="changed">The run as it is from here on.</param>
    public RunQueueState With(RunEntry changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        return this with { Runs = [.. Runs.Select(entry => entry.Run == changed.Run ? changed : entry)] };
    }
}
