namespace TorchSharp;

/// <summary>How many tensors a thread has made and disposed of, inside and outside of dispose scopes.</summary>
public class ThreadDisposeScopeStatistics
{
    internal long CreatedOutside;
    internal long CreatedInside;
    internal long DisposedOutside;
    internal long DisposedInside;
    internal long Attached;
    internal long Detached;

    /// <summary>Tensors made while no scope was open.</summary>
    public long CreatedOutsideScopeCount => CreatedOutside;

    /// <summary>Tensors made in a scope.</summary>
    public long CreatedInScopeCount => CreatedInside;

    /// <summary>Tensors disposed of that no scope owned.</summary>
    public long DisposedOutsideScopeCount => DisposedOutside;

    /// <summary>Tensors disposed of that a scope owned.</summary>
    public long DisposedInScopeCount => DisposedInside;

    /// <summary>Tensors attached to a scope after they were made.</summary>
    public long AttachedToScopeCount => Attached;

    /// <summary>Tensors detached from a scope.</summary>
    public long DetachedFromScopeCount => Detached;

    /// <summary>Tensors made minus tensors disposed of, by this thread, since the last <see cref="Reset"/>.</summary>
    public long ThreadTotalLiveCount => CreatedInside + CreatedOutside - DisposedInside - DisposedOutside;

    /// <summary>Sets every count to zero.</summary>
    public void Reset() =>
        CreatedOutside = CreatedInside = DisposedOutside = DisposedInside = Attached = Detached = 0;
}
