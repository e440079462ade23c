namespace TorchSharp;

/// <summary>A thread's stack of dispose scopes, and its counts of tensors made and disposed of.</summary>
public class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager? s_thread;

    /// <summary>The calling thread's counts.</summary>
    public static ThreadDisposeScopeStatistics Statistics => Thread.Counts;

    internal static DisposeScopeManager Thread => s_thread ??= new DisposeScopeManager();

    internal ThreadDisposeScopeStatistics Counts { get; } = new();

    internal DisposeScope? Current { get; private set; }

    internal DisposeScope Open() => Current = new DisposeScope(this, Current);

    /// <summary>Registers a new tensor with the innermost scope, and says which that is.</summary>
    internal DisposeScope? Register(torch.Tensor tensor)
    {
        if (Current is null)
        {
            Counts.CreatedOutside++;
            return null;
        }
        Counts.CreatedInside++;
        Current.Add(tensor);
        return Current;
    }

    /// <summary>Takes the scope off the stack, wherever in it the scope stands: scopes may be closed out of order.</summary>
    internal void Close(DisposeScope scope)
    {
        if (Current == scope)
        {
            Current = scope.Outer;
            return;
        }
        for (var inner = Current; inner is not null; inner = inner.Outer)
        {
            if (inner.Outer != scope) continue;
            inner.Outer = scope.Outer;
            return;
        }
    }
}
