using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>Forwards to the worker's present stream.</summary>
/// <param name="time">The clock.</param>
public sealed class WorkerGrain(TimeProvider time) : Grain, IWorkerGrain
{
    /// <summary>Decisions ask again for what is not done; a stream loses nothing, so that asking now and then is enough.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private IWorkerConnection? _stream;
    private (string Name, DateTimeOffset At) _last;

    /// <inheritdoc/>
    public async Task AttachAsync(WorkerKey worker, IWorkerConnection stream)
    {
        if (_stream is { } former && !former.Equals(stream)) await EndAsync(former, $"{worker?.Worker} has attached again");
        (_stream, _last) = (stream, default);
        // A stream is an object outside: as long as there is one, this activation must know it.
        DelayDeactivation(TimeSpan.FromDays(365));
    }

    /// <inheritdoc/>
    public Task<bool> DetachAsync(IWorkerConnection stream)
    {
        if (_stream?.Equals(stream) != true) return Task.FromResult(false);
        _stream = null;
        DelayDeactivation(TimeSpan.Zero);
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public async Task TellAsync(string name, WireMessage message)
    {
        var now = time.GetUtcNow();
        if (_stream is not { } stream || (_last.Name == name && now - _last.At < Again)) return;
        _last = (name, now);
        await stream.SendAsync(message);
    }

    /// <inheritdoc/>
    public async Task DismissAsync(string reason)
    {
        if (_stream is not { } stream) return;
        _stream = null;
        await EndAsync(stream, reason);
    }

    private static async Task EndAsync(IWorkerConnection stream, string reason)
    {
        try
        {
            await stream.EndAsync(reason);
        }
        catch (Orleans.Runtime.OrleansException)
        {
            // It is gone already.
        }
    }
}
