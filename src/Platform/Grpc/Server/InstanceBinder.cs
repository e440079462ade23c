using System.Reflection;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Binds the methods of a service class: each call gets the instance that the application's services have, or one of its own
/// that is disposed after the call.
/// </summary>
internal sealed class InstanceBinder<TService>(ServiceBinderBase binder) : ServiceBinderBase
    where TService : class
{
    private static readonly Lazy<ObjectFactory<TService>> Factory = new(() => ActivatorUtilities.CreateFactory<TService>([]));

    /// <summary>Hands every method of the class to the binder.</summary>
    public void BindService()
    {
        var bind = typeof(TService).GetCustomAttribute<BindServiceMethodAttribute>(inherit: true)
            ?? throw new InvalidOperationException($"{typeof(TService)} does not derive from a generated service base");
        var method = bind.BindType.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Single(method => method.Name == bind.BindMethodName && method.GetParameters() is [var first, _] && first.ParameterType == typeof(ServiceBinderBase));
        method.Invoke(null, [this, null]);
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var call = Open<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        binder.AddMethod(method, new UnaryServerMethod<TRequest, TResponse>((request, context) => UseAsync(context, service => call(service, request, context))));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Open<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        binder.AddMethod(
            method, new ClientStreamingServerMethod<TRequest, TResponse>((requests, context) => UseAsync(context, service => call(service, requests, context))));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Open<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        binder.AddMethod(
            method, new ServerStreamingServerMethod<TRequest, TResponse>((request, responses, context) => UseAsync(context, service => Ended(call(service, request, responses, context)))));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Open<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        binder.AddMethod(
            method, new DuplexStreamingServerMethod<TRequest, TResponse>((requests, responses, context) => UseAsync(context, service => Ended(call(service, requests, responses, context)))));
    }

    private static T Open<T>(IMethod method, params Type[] parameters)
        where T : Delegate =>
        (typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} with the generated parameters")).CreateDelegate<T>();

    private static async Task<T> UseAsync<T>(ServerCallContext context, Func<TService, Task<T>> call)
    {
        var services = context.GetHttpContext().RequestServices;
        if (services.GetService<TService>() is { } registered) return await call(registered);
        var created = Factory.Value(services, null);
        try
        {
            return await call(created);
        }
        finally
        {
            if (created is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
            else (created as IDisposable)?.Dispose();
        }
    }

    private static async Task<bool> Ended(Task task)
    {
        await task;
        return true;
    }
}
