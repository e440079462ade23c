namespace Orleans.Concurrency;

/// <summary>Calls to a grain of this class may interleave at their awaits; still, one thread is in the grain at a time.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;
