using System.Reflection;
using System.Runtime.CompilerServices;

namespace Atelier.TestKit;

/// <summary>
/// Lists an assembly's public and protected members, one line each (<c>TYPE| MEMBER</c>), in the format of
/// the stand-ins' <c>api/*.txt</c>, which were captured from the real packages the same way.
/// </summary>
public static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The lines of an assembly, sorted.</summary>
    public static IReadOnlyList<string> List(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        var owner = Name(type);
        yield return $"{owner}|: {Kind(type)}{Base(type)}";
        var members = type.IsEnum
            ? Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}")
            : type.GetMembers(Declared).Where(member => !member.Name.StartsWith('<')).Select(Line).OfType<string>();
        foreach (var member in members) yield return $"{owner}| {member}";
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Base(Type type) =>
        type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum)
            ? $" : {Name(parent)}"
            : "";

    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when constructor.IsPublic || constructor.IsFamily =>
            $"{(constructor.IsFamily ? "protected " : "")}new({Parameters(constructor)})",
        MethodInfo method when (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly)
            && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => Line(method),
        PropertyInfo property when (property.GetMethod ?? property.SetMethod) is { } accessor
            && (accessor.IsPublic || accessor.IsFamily) => Line(property, accessor),
        FieldInfo { IsPublic: true } field => $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        EventInfo { AddMethod.IsPublic: true } e => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => null,
    };

    private static string Line(MethodInfo method)
    {
        var modifier = method.IsStatic ? "static " : method.IsAbstract ? "abstract " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        var self = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{(method.IsPublic ? "" : "protected ")}{modifier}{Name(method.ReturnType)} {method.Name}{generic}({self}{Parameters(method)})";
    }

    private static string Line(PropertyInfo property, MethodInfo accessor)
    {
        var indices = property.GetIndexParameters();
        var name = indices.Length > 0 ? $"this[{string.Join(", ", indices.Select(Parameter))}]" : property.Name;
        var get = property.GetMethod?.IsPublic == true ? " get;" : "";
        var set = property.SetMethod?.IsPublic == true ? " set;" : "";
        return $"{(accessor.IsPublic ? "" : "protected ")}{(accessor.IsStatic ? "static " : "")}{Name(property.PropertyType)} {name} {{{get}{set} }}";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var modifier = parameter.IsOut ? "out " : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        var value = parameter.HasDefaultValue ? $" = {Default(parameter.DefaultValue)}" : "";
        return $"{modifier}{Name(parameter.ParameterType)} {parameter.Name}{value}";
    }

    private static string? Default(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => value.ToString(),
    };

    private static string Name(Type type)
    {
        if (type.IsByRef) return $"ref {Name(type.GetElementType()!)}";
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[]";
        if (type.IsGenericParameter) return type.Name;
        if (Nullable.GetUnderlyingType(type) is { } underlying) return $"{Name(underlying)}?";

        var scope = type.DeclaringType is { } outer ? $"{Name(outer)}."
            : type.Namespace is null or "System" ? ""
            : $"{type.Namespace}.";
        var name = type.Name.Split('`')[0];
        var arguments = type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0).ToArray();
        return arguments.Length > 0 ? $"{scope}{name}<{string.Join(", ", arguments.Select(Name))}>" : $"{scope}{name}";
    }
}
