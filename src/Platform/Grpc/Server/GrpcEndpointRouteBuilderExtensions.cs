using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to the paths of their methods.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps a service class, one instance a call unless the application's services have one.</summary>
    /// <typeparam name="TService">Derives from a generated base.</typeparam>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class =>
        Map(builder, binder => new InstanceBinder<TService>(binder).BindService());

    /// <summary>Maps methods with their handlers.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService(this IEndpointRouteBuilder builder, ServerServiceDefinition serviceDefinition)
    {
        ArgumentNullException.ThrowIfNull(serviceDefinition);
        return Map(builder, serviceDefinition.BindService);
    }

    private static GrpcServiceEndpointConventionBuilder Map(IEndpointRouteBuilder builder, Action<ServiceBinderBase> bind)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var unimplemented = builder.ServiceProvider.GetService<UnimplementedEndpoint>()
            ?? throw new InvalidOperationException("gRPC was not added to the application's services: call AddGrpc()");
        var binder = new EndpointBinder(builder);
        bind(binder);
        unimplemented.MapOnce(builder);
        return binder.Endpoints;
    }
}
