using Orleans;

namespace Atelier.Orleans.Tests.Observers;

public interface IListener : IGrainObserver
{
    void Hear(string line);

    Task<int> Answer(int value);
}

public interface ITellerGrain : IGrainWithStringKey
{
    /// <summary>Adds a listener.</summary>
    /// <returns>How many there are.</returns>
    Task<int> Add(IListener listener);

    Task Tell(string line);

    Task<int> Ask(int value);
}

public sealed class TellerGrain : Grain, ITellerGrain
{
    private readonly HashSet<IListener> _listeners = [];

    public Task<int> Add(IListener listener)
    {
        _listeners.Add(listener);
        return Task.FromResult(_listeners.Count);
    }

    public Task Tell(string line)
    {
        foreach (var listener in _listeners)
            listener.Hear(line);
        return Task.CompletedTask;
    }

    public Task<int> Ask(int value) => _listeners.Single().Answer(value);
}

/// <summary>Notes what it hears, one call at a time.</summary>
public sealed class Listener(Signals signals) : IListener
{
    public void Hear(string line)
    {
        signals.Note(line);
        signals.Set(line);
        if (line.StartsWith("bad", StringComparison.Ordinal))
            throw new InvalidOperationException("Nobody hears of this.");
    }

    public async Task<int> Answer(int value)
    {
        await Task.Yield();
        return value + 1;
    }
}
