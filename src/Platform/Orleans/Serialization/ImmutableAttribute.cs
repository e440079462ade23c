namespace Orleans;

/// <summary>Values of this type never change once they are sent, so they need no copy.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
public sealed class ImmutableAttribute : Attribute;
