using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>A method of a grain's or an observer's interface, as far as calling it from afar goes.</summary>
internal sealed class RemoteMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, RemoteMethod> Known = new();

    private static readonly ConcurrentDictionary<Type, bool> Checked = new();

    private readonly MethodInfo _method;
    private readonly Response? _response;

    private RemoteMethod(MethodInfo method)
    {
        _method = method;
        _response = Response.Of(method.ReturnType);
        IsOneWay = _response is null || method.IsDefined(typeof(OneWayAttribute));
        AlwaysInterleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute));
    }

    public string Name => _method.Name;

    /// <summary>Whether callers do not wait for its end.</summary>
    public bool IsOneWay { get; }

    public bool AlwaysInterleaves { get; }

    public static RemoteMethod Of(MethodInfo method) => Known.GetOrAdd(method, key => new RemoteMethod(key));

    /// <summary>Checks that everything in an interface can be called from afar.</summary>
    /// <exception cref="ArgumentException">A member cannot; the message names it.</exception>
    public static void Check(Type type)
    {
        if (Checked.ContainsKey(type))
            return;
        var observer = typeof(IGrainObserver).IsAssignableFrom(type);
        foreach (var member in type.GetInterfaces().Append(type).SelectMany(part => part.GetMembers()))
        {
            if (member is PropertyInfo or EventInfo)
                throw new ArgumentException($"{type}: {member.Name} is no method; a reference has only methods.");
            if (member is not MethodInfo method || method.IsStatic)
                continue;
            if (!Response.IsPossible(method.ReturnType) && !(observer && method.ReturnType == typeof(void)))
                throw new ArgumentException($"{type}: {method.Name} must return a Task or a ValueTask.");
            if (method.GetParameters().Any(parameter => parameter.ParameterType.IsByRef))
                throw new ArgumentException($"{type}: {method.Name} has a parameter by reference.");
        }
        Checked[type] = true;
    }

    /// <summary>Runs it on an instance and copies the result.</summary>
    public Task<object?> InvokeAsync(object instance, object?[] arguments)
    {
        var returned = _method.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        return _response is null ? Task.FromResult<object?>(null) : _response.WaitAsync(returned);
    }

    /// <summary>What the reference returns to a caller.</summary>
    public object? Promise(Task<object?> response) => _response?.Promise(response);
}
