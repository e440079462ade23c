namespace Orleans.Runtime;

/// <summary>Which state a constructor parameter is, and where it is kept.</summary>
/// <param name="stateName">The state's name in the grain.</param>
/// <param name="storageName">The storage's name; null for the default one.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
{
    /// <summary>The state's name in the grain.</summary>
    public string StateName { get; } = stateName;

    /// <summary>The storage's name; null for the default one.</summary>
    public string? StorageName { get; } = storageName;
}
