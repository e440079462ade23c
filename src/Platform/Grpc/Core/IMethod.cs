namespace Grpc.Core;

/// <summary>What a method is, without its message types.</summary>
public interface IMethod
{
    /// <summary>The kind of its calls.</summary>
    MethodType Type { get; }

    /// <summary>The service with its package, as <c>grpc.health.v1.Health</c>.</summary>
    string ServiceName { get; }

    /// <summary>The name in the service.</summary>
    string Name { get; }

    /// <summary>The path of its calls: <c>/service/name</c>.</summary>
    string FullName { get; }
}
