using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>The base of references to grains and observers. Two are equal that lead to the same one through the same interface.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives from it when the program runs.")]
internal class Reference : DispatchProxy
{
    private Silo _silo = null!;
    private Type _interface = null!;

    /// <summary>Where it leads.</summary>
    public GrainId Id { get; private set; }

    /// <summary>Makes a reference that implements an interface.</summary>
    public static Reference Create(Silo silo, Type type, GrainId id)
    {
        var reference = (Reference)Create(type, typeof(Reference));
        reference._silo = silo;
        reference._interface = type;
        reference.Id = id;
        return reference;
    }

    /// <summary>The same grain through another interface.</summary>
    public object As(Type type) => _silo.Factory.Refer(type, Id);

    public override bool Equals(object? obj) => obj is Reference other && other.Id == Id && other._interface == _interface;

    public override int GetHashCode() => Id.GetHashCode();

    public override string ToString() => $"{_interface.Name} {Id}";

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = RemoteMethod.Of(targetMethod!);
        var arguments = CopySession.CopyAll(args);
        var request = new Request($"{Id}.{method.Name}", method.IsOneWay ? null : Request.Current, instance => method.InvokeAsync(instance, arguments))
        {
            MayInterleave = method.AlwaysInterleaves || _silo.Classes.IsReentrant(Id.Type),
        };
        return method.Promise(method.IsOneWay ? _silo.Post(Id, request) : _silo.CallAsync(Id, request));
    }
}
