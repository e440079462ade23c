namespace TorchSharp;

/// <summary>
/// Owns the tensors made while it is the thread's innermost scope, and disposes of them when it ends. Tensors leave it by
/// moving outwards, to another scope, or by being detached.
/// </summary>
/// <remarks>
/// A scope belongs to the thread that opened it, but a tensor may be disposed of by any thread, so the set is locked;
/// disposal itself happens outside the lock.
/// </remarks>
public sealed class DisposeScope : IDisposable
{
    private readonly DisposeScopeManager manager;
    private HashSet<IDisposable> owned = new(ReferenceEqualityComparer.Instance);
    private bool disposed;

    internal DisposeScope(DisposeScopeManager manager, DisposeScope? outer)
    {
        this.manager = manager;
        Outer = outer;
    }

    internal DisposeScope? Outer { get; set; }

    /// <summary>How many tensors the scope owns.</summary>
    public int DisposablesCount
    {
        get { lock (manager) return Living().Count; }
    }

    /// <summary>What the scope owns, as of now.</summary>
    public IReadOnlyList<IDisposable> DisposablesView
    {
        get { lock (manager) return [.. Living()]; }
    }

    /// <summary>Whether the scope owns it.</summary>
    public bool Contains(IDisposable disposable)
    {
        lock (manager) return owned.Contains(disposable);
    }

    /// <summary>Takes it from its scope, if it has one, into this scope.</summary>
    public void Attach(IDisposable disposable) => Attach([disposable]);

    /// <inheritdoc cref="Attach(IDisposable)"/>
    public void Attach(params IDisposable[] disposables)
    {
        foreach (var disposable in disposables)
            if (Adopt(disposable)) manager.Counts.Attached++;
    }

    /// <summary>Gives it up: it lives until it is disposed of by hand or found by the finalizer.</summary>
    public T Detach<T>(T disposable) where T : IDisposable
    {
        Detach([disposable]);
        return disposable;
    }

    /// <inheritdoc cref="Detach{T}(T)"/>
    public void Detach(params IDisposable[] disposables)
    {
        foreach (var disposable in disposables)
        {
            lock (manager)
                if (!Living().Remove(disposable)) continue;
            manager.Counts.Detached++;
            SetOwner(disposable, null);
        }
    }

    /// <summary>Hands it to the enclosing scope; without one it is detached.</summary>
    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(Outer, disposable);

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(Outer, disposables);

    /// <summary>Hands it to another scope, if this one owns it; without one it is detached.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        MoveToOther(scope, [disposable]);
        return disposable;
    }

    /// <inheritdoc cref="MoveToOther{T}(DisposeScope, T)"/>
    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables)
    {
        if (scope is null)
        {
            Detach(disposables);
            return;
        }
        foreach (var disposable in disposables)
        {
            lock (manager)
                if (!Living().Contains(disposable)) continue;
            scope.Adopt(disposable);
        }
    }

    /// <summary>Disposes of everything the scope owns, and stays open.</summary>
    public void DisposeEverything() => DisposeEverythingBut([]);

    /// <summary>Disposes of everything the scope owns except <paramref name="keep"/>, and stays open.</summary>
    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut([keep]);
        return keep;
    }

    /// <inheritdoc cref="DisposeEverythingBut{T}(T)"/>
    public void DisposeEverythingBut(params IDisposable[] keep)
    {
        HashSet<IDisposable> all;
        lock (manager)
        {
            all = Living();
            owned = new HashSet<IDisposable>(keep.Where(all.Contains), ReferenceEqualityComparer.Instance);
        }
        foreach (var disposable in all)
            if (!Contains(disposable)) disposable.Dispose();
    }

    /// <summary>The owner has been told that <paramref name="disposable"/> is gone.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        lock (manager) owned.Remove(disposable);
        SetOwner(disposable, null);
    }

    /// <summary>Disposes of everything the scope owns and closes it.</summary>
    public void Dispose()
    {
        if (disposed) return;
        DisposeEverything();
        manager.Close(this);
        disposed = true;
    }

    internal void Add(torch.Tensor tensor)
    {
        lock (manager) Living().Add(tensor);
    }

    private bool Adopt(IDisposable disposable)
    {
        var tensor = disposable as torch.Tensor
            ?? throw new InvalidOperationException("a dispose scope can only manage tensors");
        var previous = tensor.Scope;
        if (previous == this) return false;
        Add(tensor);
        if (previous is not null)
            lock (previous.manager) previous.owned.Remove(tensor);
        tensor.Scope = this;
        return true;
    }

    private static void SetOwner(IDisposable disposable, DisposeScope? owner)
    {
        if (disposable is torch.Tensor tensor) tensor.Scope = owner;
    }

    private HashSet<IDisposable> Living()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return owned;
    }
}
