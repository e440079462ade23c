namespace Orleans;

/// <summary>The name that a type, an interface or a method has between processes, so that it can be renamed in the code.</summary>
/// <param name="alias">The name.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Interface | AttributeTargets.Method)]
public sealed class AliasAttribute(string alias) : Attribute
{
    /// <summary>The name.</summary>
    public string Alias { get; } = alias;
}
