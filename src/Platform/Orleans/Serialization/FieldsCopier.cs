using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Copies values field by field: annotated types, tuples and pairs.</summary>
/// <param name="type">The type.</param>
/// <param name="fields">The fields that are sent; the others keep the value that a new instance has.</param>
internal sealed class FieldsCopier(Type type, IReadOnlyList<FieldInfo> fields) : ValueCopier
{
    private readonly ConstructorInfo? _constructor = type.GetConstructor(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance, []);

    public override object Copy(object value, CopySession session)
    {
        var copy = _constructor?.Invoke([]) ?? RuntimeHelpers.GetUninitializedObject(type);
        if (!type.IsValueType)
            session.Remember(value, copy);
        foreach (var field in fields)
            field.SetValue(copy, session.Copy(field.GetValue(value)));
        return copy;
    }
}
