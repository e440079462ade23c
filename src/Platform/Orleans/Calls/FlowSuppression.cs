namespace Orleans.Runtime;

/// <summary>Keeps a caller's async locals out of what it starts: between silos they would not arrive either.</summary>
internal static class FlowSuppression
{
    /// <summary>Begins; disposing of the result ends it, on the same thread.</summary>
    public static IDisposable? Enter() => ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
}
