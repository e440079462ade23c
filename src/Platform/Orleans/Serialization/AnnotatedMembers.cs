using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>
/// Which fields of an annotated type are sent. It is as strict as Orleans' code generator and analyzers are together: what they
/// would drop or refuse when a project is built is refused here when the first value is sent.
/// </summary>
internal static class AnnotatedMembers
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>Whether values of the type may be sent at all.</summary>
    public static bool IsAnnotated(Type type) => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false);

    /// <summary>The fields of a type and its bases that are sent.</summary>
    /// <exception cref="CodecNotFoundException">A base, or a member, is not annotated.</exception>
    /// <exception cref="SerializerException">Two members have one number.</exception>
    public static IReadOnlyList<FieldInfo> Of(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var level = type; level != typeof(object) && level != typeof(ValueType) && level is not null; level = level.BaseType)
        {
            if (!IsAnnotated(level))
                throw new CodecNotFoundException($"{level}, a base of {type}, has no [GenerateSerializer].");
            fields.AddRange(OfLevel(level));
        }
        return fields;
    }

    private static List<FieldInfo> OfLevel(Type level)
    {
        var positional = PrimaryParameters(level);
        var ids = new HashSet<uint>();
        var sent = new List<FieldInfo>();
        foreach (var field in level.GetFields(Declared))
        {
            var property = PropertyOf(field, level);
            var id = field.GetCustomAttribute<IdAttribute>() ?? property?.GetCustomAttribute<IdAttribute>();
            if (id is not null && !ids.Add(id.Id))
                throw new SerializerException($"{level} has two members with [Id({id.Id})].");
            if (id is not null || (property is not null && positional.Contains(property.Name)))
                sent.Add(field);
            else if (!field.IsDefined(typeof(NonSerializedAttribute)))
                throw new CodecNotFoundException($"{level}.{property?.Name ?? field.Name} has no [Id] and is not [NonSerialized].");
        }
        return sent;
    }

    private static PropertyInfo? PropertyOf(FieldInfo field, Type level) =>
        field.Name.StartsWith('<') && field.Name.EndsWith(">k__BackingField", StringComparison.Ordinal)
            ? level.GetProperty(field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)], Declared)
            : null;

    /// <summary>A record's primary constructor leaves its trace: the compiler writes a Deconstruct with the same parameters.</summary>
    private static HashSet<string> PrimaryParameters(Type level) =>
        level.GetMethods(Declared)
            .Where(method => method.Name == "Deconstruct" && method.IsDefined(typeof(CompilerGeneratedAttribute)))
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.Name!)
            .ToHashSet();
}
