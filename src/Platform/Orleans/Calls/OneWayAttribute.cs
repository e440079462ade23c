namespace Orleans.Concurrency;

/// <summary>The caller does not learn whether or when the call ends: its task is done when the call is sent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
