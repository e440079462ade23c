using Atelier.Core.Access;
using Atelier.Dashboard.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Atelier.Coordinator.Hosting;

/// <summary>
/// Who may call an endpoint, said where it is mapped. The middleware asks callers for the token of that role before anything of a call
/// is read, and refuses what has no role: nothing is open because somebody forgot it, or because a path is written otherwise.
/// </summary>
internal static class EndpointAccess
{
    /// <summary>Only callers with the role's token.</summary>
    public static TBuilder For<TBuilder>(this TBuilder endpoints, AccessRole role)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new Role(role));

    /// <summary>Anybody: for what tells nothing about runs, as health checks.</summary>
    public static TBuilder ForAnybody<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new Role(null));

    /// <summary>Whose token an endpoint asks for; null for nobody's.</summary>
    internal sealed record Role(AccessRole? Of);
}

/// <summary>Asks callers for the token of the endpoint's role. A browser that has signed in is a person.</summary>
/// <param name="next">What comes after.</param>
/// <param name="gate">Who may call.</param>
/// <param name="sessions">Browsers that have signed in.</param>
internal sealed class AccessMiddleware(RequestDelegate next, AccessGate gate, BrowserSessions sessions)
{
    private const string GrpcContent = "application/grpc";

    /// <summary>Lets a call through, or refuses it.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var isForBrowsers = endpoint?.Metadata.GetMetadata<ForBrowsers>() is not null;
        // The endpoints that answer for gRPC methods which do not exist have a name for the method in their path.
        if (endpoint is not RouteEndpoint { RoutePattern: var pattern } || pattern.Parameters.Count > 0 && !isForBrowsers || endpoint.Metadata.GetMetadata<EndpointAccess.Role>() is not { } asked)
        {
            // What does not exist is told apart only for those who may call something.
            var (person, worker) = (Decide(AccessRole.Person, context, isSessionEnough: true), Decide(AccessRole.Worker, context, isSessionEnough: false));
            return person == AccessDecision.Granted || worker == AccessDecision.Granted ? next(context) : RefuseAsync(context, person, AccessRole.Person);
        }

        if (asked.Of is not { } role || Decide(role, context, isForBrowsers) is var decision && decision == AccessDecision.Granted)
            return next(context);
        return RefuseAsync(context, decision, role);
    }

    private AccessDecision Decide(AccessRole role, HttpContext context, bool isSessionEnough)
    {
        var decision = gate.Decide(role, context.Request.Headers.Authorization);
        return decision == AccessDecision.TokenMissing && role == AccessRole.Person && isSessionEnough && sessions.Has(context) ? AccessDecision.Granted : decision;
    }

    private static Task RefuseAsync(HttpContext context, AccessDecision decision, AccessRole role) =>
        context.Request.ContentType?.StartsWith(GrpcContent, StringComparison.Ordinal) == true
            ? context.Response.RefuseAsync(decision == AccessDecision.OtherRole ? StatusCode.PermissionDenied : StatusCode.Unauthenticated, decision.Describe(role))
            : Problems.RefuseAsync(context, decision == AccessDecision.OtherRole ? StatusCodes.Status403Forbidden : StatusCodes.Status401Unauthorized,
                $"{decision.Describe(role)}; over HTTP, send `authorization: Bearer TOKEN`, or sign in at /sign-in with a browser");
}
