namespace TorchSharp;

public static partial class torch
{
    /// <summary>Opens a scope on the calling thread that owns every tensor made until it is disposed of.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.Thread.Open();

    /// <summary>The calling thread's innermost scope.</summary>
    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.Thread.Current;

    /// <summary>Runs the expression in a scope of its own and hands only its result to the enclosing one.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
