namespace Orleans;

/// <summary>
/// Values of this type may be arguments and results of calls. Each of its fields and properties carries an <see cref="IdAttribute"/>,
/// is a parameter of a record's primary constructor, or is marked <see cref="NonSerializedAttribute"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute;
