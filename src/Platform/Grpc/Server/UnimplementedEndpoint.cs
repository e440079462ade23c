using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grpc.AspNetCore.Server;

/// <summary>Answers gRPC calls of methods that do not exist, once an application; other requests pass by.</summary>
internal sealed class UnimplementedEndpoint
{
    private int _isMapped;

    public void MapOnce(IEndpointRouteBuilder routes)
    {
        if (Interlocked.Exchange(ref _isMapped, 1) == 1) return;
        var pattern = RoutePatternFactory.Parse("{service}/{method}", defaults: null, parameterPolicies: new { method = new GrpcRequests() });
        routes.Map(pattern, Answer).Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = int.MaxValue);
    }

    private static Task Answer(HttpContext http)
    {
        if (!CallRequest.IsAcceptable(http)) return Task.CompletedTask;
        http.Response.ContentType = CallRequest.ContentType;
        StatusHeaders.Write(http.Response.Headers, new Status(StatusCode.Unimplemented, $"There is no method {http.Request.Path} here."), []);
        return Task.CompletedTask;
    }

    private sealed class GrpcRequests : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null && HttpMethods.IsPost(httpContext.Request.Method) && CallRequest.HasContentType(httpContext.Request);
    }
}
