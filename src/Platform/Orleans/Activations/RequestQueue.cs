namespace Orleans.Runtime;

/// <summary>
/// Which request may run when: one at a time, in order of arrival, besides those that may interleave.
/// </summary>
/// <remarks>Not thread-safe: its activation calls it under its lock.</remarks>
internal sealed class RequestQueue
{
    private readonly LinkedList<Request> _waiting = new();
    private Request? _blocking;
    private int _running;

    /// <summary>Whether nothing runs.</summary>
    public bool IsQuiet => _running == 0;

    /// <summary>Whether nothing runs or waits.</summary>
    public bool IsEmpty => IsQuiet && _waiting.Count == 0;

    /// <summary>Adds a request that will wait its turn.</summary>
    /// <returns>The running request that it would deadlock with, in which case it was not added.</returns>
    public Request? Add(Request request)
    {
        if (!request.MayInterleave && _blocking is { } blocking && request.IsAwaitedBy(blocking))
            return blocking;
        _waiting.AddLast(request);
        return null;
    }

    /// <summary>Takes the next request that may run now.</summary>
    public Request? TakeNext()
    {
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            if (!node.Value.MayInterleave && _blocking is not null)
                continue;
            _waiting.Remove(node);
            Begin(node.Value);
            return node.Value;
        }
        return null;
    }

    /// <summary>Lets a request run that did not wait.</summary>
    public void Begin(Request request)
    {
        _running++;
        if (!request.MayInterleave)
            _blocking = request;
    }

    /// <summary>A request has ended.</summary>
    public void End(Request request)
    {
        _running--;
        if (_blocking == request)
            _blocking = null;
    }

    /// <summary>Takes all that wait.</summary>
    public IReadOnlyList<Request> TakeAll()
    {
        Request[] all = [.. _waiting];
        _waiting.Clear();
        return all;
    }
}
