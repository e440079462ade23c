namespace Orleans;

/// <summary>A member that is sent, under a number of its own in its type.</summary>
/// <param name="id">The number; it stays when the member is renamed.</param>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class IdAttribute(uint id) : Attribute
{
    /// <summary>The number.</summary>
    public uint Id { get; } = id;
}
