namespace Orleans.Runtime;

/// <summary>An object outside of the grains that grains call: one call at a time, in order of arrival.</summary>
internal sealed class Observer(GrainId id, IGrainObserver instance)
{
    private readonly Lock _gate = new();
    private readonly TurnScheduler _turns = new();
    private readonly RequestQueue _requests = new();

    // As in Orleans: the reference does not keep the observer alive.
    private readonly WeakReference<IGrainObserver> _instance = new(instance);

    public void Enqueue(Request request)
    {
        Request? deadlock;
        lock (_gate)
        {
            deadlock = _requests.Add(request);
            RunNext();
        }
        if (deadlock is not null)
            request.Fail(new DeadlockException(request, deadlock));
    }

    private void RunNext()
    {
        while (_requests.TakeNext() is { } request)
            _turns.Start(() => RunAsync(request));
    }

    private async Task RunAsync(Request request)
    {
        Request.Current = request;
        try
        {
            if (!_instance.TryGetTarget(out var target))
                throw new ClientNotAvailableException(id);
            request.Complete(await request.Body(target));
        }
        catch (Exception error)
        {
            request.Fail(error);
        }
        lock (_gate)
        {
            _requests.End(request);
            RunNext();
        }
    }
}
