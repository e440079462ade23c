using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server;

/// <summary>Maps each method of a service to its path.</summary>
internal sealed class EndpointBinder(IEndpointRouteBuilder routes) : ServiceBinderBase
{
    private readonly GrpcServiceOptions _options = routes.ServiceProvider.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
    private readonly TimeProvider _time = routes.ServiceProvider.GetService<TimeProvider>() ?? TimeProvider.System;
    private readonly ILogger _logger = routes.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server");
    private readonly List<IEndpointConventionBuilder> _endpoints = [];

    /// <summary>What was mapped.</summary>
    public GrpcServiceEndpointConventionBuilder Endpoints => new(_endpoints);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        Map(method, async call => await RespondAsync(call, method, await handler!(await call.ReadSingleAsync(method.RequestMarshaller), call)));

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, async call => await RespondAsync(call, method, await handler!(new RequestStream<TRequest>(call, method.RequestMarshaller, sendsHeaders: false), call)));

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, async call => await handler!(
            await call.ReadSingleAsync(method.RequestMarshaller), new ResponseStream<TResponse>(call, method.ResponseMarshaller), call));

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, call => handler!(
            new RequestStream<TRequest>(call, method.RequestMarshaller, sendsHeaders: true), new ResponseStream<TResponse>(call, method.ResponseMarshaller), call));

    // The package answers Cancelled too.
    private static Task RespondAsync<TRequest, TResponse>(ServerCall call, Method<TRequest, TResponse> method, TResponse? response)
        where TResponse : class =>
        response is null
            ? throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."))
            : call.WriteAsync(method.ResponseMarshaller, response, null, CancellationToken.None);

    private void Map(IMethod method, Func<ServerCall, Task> handler)
    {
        var isStream = method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;
        _endpoints.Add(routes.MapPost(method.FullName, http => HandleAsync(http, handler, isStream)).WithDisplayName($"gRPC - {method.FullName}"));
    }

    private async Task HandleAsync(HttpContext http, Func<ServerCall, Task> handler, bool isStream)
    {
        if (!CallRequest.IsAcceptable(http)) return;
        if (isStream) LiftLimits(http);
        http.Response.ContentType = CallRequest.ContentType;
        http.Response.Headers[MessageEncoding.AcceptHeader] = MessageEncoding.Accepted;
        ServerCall call;
        try
        {
            call = new ServerCall(http, _options, _time, _logger);
        }
        catch (RpcException e)
        {
            StatusHeaders.Write(http.Response.Headers, e.Status, e.Trailers);
            return;
        }
        await using (call) await call.RunAsync(handler);
    }

    // Kestrel ends requests that are slow or large, which a stream may well be: an idle one has no rate at all.
    private static void LiftLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
    }
}
