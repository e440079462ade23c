using System.Collections.Concurrent;

namespace Atelier.Orleans.Tests;

/// <summary>Moments that grains and tests tell each other of, by name. A grain gets it as a service.</summary>
public sealed class Signals
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _moments = new();
    private readonly ConcurrentQueue<string> _log = new();

    /// <summary>What was noted, in order.</summary>
    public IReadOnlyList<string> Log => [.. _log];

    public void Note(string line) => _log.Enqueue(line);

    /// <summary>Says that a moment has come.</summary>
    public void Set(string name) => Moment(name).TrySetResult();

    /// <summary>Waits for a moment.</summary>
    public Task WaitAsync(string name) => Moment(name).Task.WaitAsync(Patience);

    private TaskCompletionSource Moment(string name) =>
        _moments.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
