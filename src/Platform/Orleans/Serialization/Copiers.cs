using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Finds out how values of a type are copied.</summary>
internal static class Copiers
{
    private static readonly ConcurrentDictionary<Type, ValueCopier> Known = new();

    private static readonly SameValueCopier Same = new();

    private static readonly HashSet<Type> Unchanging =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
        typeof(Half), typeof(Int128), typeof(UInt128), typeof(BigInteger), typeof(Uri), typeof(Version), typeof(IPAddress), typeof(IPEndPoint),
        typeof(CancellationToken), typeof(IdSpan), typeof(GrainType), typeof(GrainId),
    ];

    private static readonly Dictionary<Type, Type> Collections = new()
    {
        [typeof(List<>)] = typeof(ListCopier<>),
        [typeof(HashSet<>)] = typeof(HashSetCopier<>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCopier<,>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCopier<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCopier<,>),
    };

    /// <summary>How values of a type are copied.</summary>
    /// <param name="type">The type of the value itself, not of the variable that holds it.</param>
    /// <exception cref="SerializerException">They cannot be sent.</exception>
    public static ValueCopier Of(Type type) => Known.GetOrAdd(type, Make);

    /// <summary>Whether every value that a variable of the type can hold is its own copy.</summary>
    public static bool NeverChanges(Type type) => type.IsPrimitive || type.IsEnum || Unchanging.Contains(type);

    private static ValueCopier Make(Type type)
    {
        if (NeverChanges(type) || typeof(Reference).IsAssignableFrom(type) || typeof(Exception).IsAssignableFrom(type))
            return Same;
        if (typeof(IAddressable).IsAssignableFrom(type))
            throw new SerializerException($"{type} is sent by reference: pass AsReference of a grain, or CreateObjectReference of an observer.");
        if (type.IsSZArray)
            return Generic(typeof(ArrayCopier<>), type.GetElementType()!);
        if (type.IsGenericType && Collections.TryGetValue(type.GetGenericTypeDefinition(), out var copier))
            return Generic(copier, type.GetGenericArguments());
        if (AnnotatedMembers.IsAnnotated(type))
        {
            var members = AnnotatedMembers.Of(type);
            return type.IsDefined(typeof(ImmutableAttribute), inherit: false) ? Same : new FieldsCopier(type, members);
        }
        if (typeof(ITuple).IsAssignableFrom(type) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)))
            return new FieldsCopier(type, type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance));
        throw new CodecNotFoundException($"Values of {type} cannot be sent: it has no [GenerateSerializer].");
    }

    private static ValueCopier Generic(Type definition, params Type[] arguments) => (ValueCopier)Activator.CreateInstance(definition.MakeGenericType(arguments))!;
}
