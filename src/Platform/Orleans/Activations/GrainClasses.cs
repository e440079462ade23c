using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>The grain classes of the program: every assembly that its entry assembly leads to and that knows grains.</summary>
internal sealed class GrainClasses
{
    private readonly Dictionary<GrainType, Type> _classes = [];
    private readonly HashSet<GrainType> _reentrant = [];

    /// <summary>Finds them.</summary>
    /// <exception cref="OrleansConfigurationException">Two have one grain type.</exception>
    public GrainClasses()
    {
        foreach (var type in Assemblies().SelectMany(assembly => assembly.GetTypes()))
        {
            if (type.IsAbstract || type.ContainsGenericParameters || !typeof(Grain).IsAssignableFrom(type))
                continue;
            var name = NameOf(type);
            if (!_classes.TryAdd(name, type))
                throw new OrleansConfigurationException($"{type} and {_classes[name]} are both the grain type {name}; rename one of them.");
            if (type.IsDefined(typeof(ReentrantAttribute)))
                _reentrant.Add(name);
        }
    }

    /// <summary>The class of a grain type.</summary>
    public Type Of(GrainType type) => _classes[type];

    /// <summary>Whether all calls to grains of a type interleave; observers' types are none.</summary>
    public bool IsReentrant(GrainType type) => _reentrant.Contains(type);

    /// <summary>The grain type that implements an interface.</summary>
    /// <param name="type">The interface.</param>
    /// <param name="prefix">How the class's full name begins, if several implement the interface.</param>
    /// <exception cref="ArgumentException">There is none, or more than one.</exception>
    public GrainType Implementing(Type type, string? prefix)
    {
        var found = _classes
            .Where(pair => type.IsAssignableFrom(pair.Value) && (prefix is null || pair.Value.FullName!.StartsWith(prefix, StringComparison.Ordinal)))
            .ToList();
        return found switch
        {
            [var one] => one.Key,
            [] => throw new ArgumentException($"No grain class implements {type}."),
            _ => throw new ArgumentException($"Several grain classes implement {type}: {string.Join(", ", found.Select(pair => pair.Value))}."),
        };
    }

    private static GrainType NameOf(Type type)
    {
        const string Suffix = "Grain";
        var name = type.Name;
        if (name.Length > Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal))
            name = name[..^Suffix.Length];
        return GrainType.Create(name.ToLowerInvariant());
    }

    private static List<Assembly> Assemblies()
    {
        var ours = typeof(Grain).Assembly.GetName().Name;
        var seen = new HashSet<string>();
        var found = new List<Assembly>();
        var open = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic));
        while (open.TryDequeue(out var assembly))
        {
            if (!seen.Add(assembly.FullName!))
                continue;
            var references = assembly.GetReferencedAssemblies();
            if (references.Any(reference => reference.Name == ours))
                found.Add(assembly);
            foreach (var reference in references.Where(reference => !IsPlatform(reference) && !seen.Contains(reference.FullName)))
                open.Enqueue(Assembly.Load(reference));
        }
        return found;
    }

    /// <summary>The class library knows no grains; leaving it out keeps start-up from loading it all.</summary>
    private static bool IsPlatform(AssemblyName name) =>
        name.Name is "netstandard" or "mscorlib" || name.Name!.StartsWith("System", StringComparison.Ordinal) || name.Name.StartsWith("Microsoft.", StringComparison.Ordinal);
}
