using Atelier.Core.Access;
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

/// <summary>Asks callers for the token of the endpoint's role.</summary>
/// <param name="next">What comes after.</param>
/// <param name="gate">Who may call.</param>
internal sealed class AccessMiddleware(RequestDelegate next, AccessGate gate)
{
    /// <summary>Lets a call through, or refuses it.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization;
        // The endpoints that answer for methods which do not exist have a name for the method in their path.
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.Parameters.Count: 0 } endpoint || endpoint.Metadata.GetMetadata<EndpointAccess.Role>() is not { } asked)
        {
            // What does not exist is told apart only for those who may call something.
            var (person, worker) = (gate.Decide(AccessRole.Person, authorization), gate.Decide(AccessRole.Worker, authorization));
            return person == AccessDecision.Granted || worker == AccessDecision.Granted ? next(context) : Refuse(context, person, AccessRole.Person);
        }
        if (asked.Of is not { } role || gate.Decide(role, authorization) is var decision && decision == AccessDecision.Granted)
            return next(context);
        return Refuse(context, decision, role);
    }

    private static Task Refuse(HttpContext context, AccessDecision decision, AccessRole role) =>
        context.Response.RefuseAsync(decision == AccessDecision.OtherRole ? StatusCode.PermissionDenied : StatusCode.Unauthenticated, decision.Describe(role));
}
