namespace Orleans.Concurrency;

/// <summary>Calls of this method neither wait for the call that runs nor make others wait.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
