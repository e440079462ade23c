namespace Orleans.Runtime;

/// <summary>One call, or one tick of a timer, on its way to a turn.</summary>
/// <param name="name">What is called, as <c>type/key.Method</c>.</param>
/// <param name="caller">The call that makes this one and may wait for it; null outside of grains, and where nobody waits.</param>
/// <param name="body">Runs it on the instance.</param>
internal sealed class Request(string name, Request? caller, Func<object, Task<object?>> body)
{
    private static readonly AsyncLocal<Request?> Running = new();

    private readonly TaskCompletionSource<object?> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call in whose turn this code runs.</summary>
    public static Request? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    public string Name => name;

    public Func<object, Task<object?>> Body => body;

    /// <summary>Whether it neither waits for the call that runs nor makes others wait.</summary>
    public bool MayInterleave { get; init; }

    /// <summary>Whether it counts as use of the activation.</summary>
    public bool KeepsAlive { get; init; } = true;

    /// <summary>Whether it means nothing to the grain's next activation.</summary>
    public bool EndsWithActivation { get; init; }

    /// <summary>The result, or how the call failed.</summary>
    public Task<object?> Response => _response.Task;

    /// <summary>The calls that led here, the first one first.</summary>
    public string Chain => caller is null ? name : $"{caller.Chain} → {name}";

    /// <summary>Whether another call waits for this one, directly or through others.</summary>
    public bool IsAwaitedBy(Request other)
    {
        for (var link = caller; link is not null; link = link.Caller)
        {
            if (link == other)
                return true;
        }
        return false;
    }

    public void Complete(object? result) => _response.TrySetResult(result);

    public void Fail(Exception error) => _response.TrySetException(error);

    private Request? Caller => caller;
}
