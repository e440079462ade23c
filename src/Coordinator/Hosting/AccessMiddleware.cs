using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Atelier.Coordinator.Hosting;

/// <summary>Asks callers for the token of their role, before anything of a call is read.</summary>
/// <param name="next">What comes after.</param>
/// <param name="gate">Who may call.</param>
internal sealed class AccessMiddleware(RequestDelegate next, AccessGate gate)
{
    private const string FleetPrefix = "/atelier.v1.Fleet/";
    private const string RunsPrefix = "/atelier.v1.Runs/";

    /// <summary>Lets a call through, or refuses it.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var role = path.StartsWith(FleetPrefix, StringComparison.Ordinal) ? AccessRole.Worker
            : path.StartsWith(RunsPrefix, StringComparison.Ordinal) ? AccessRole.Person
            : (AccessRole?)null;
        if (role is not { } needed) return next(context);
        var decision = gate.Decide(needed, context.Request.Headers.Authorization);
        if (decision == AccessDecision.Granted) return next(context);
        return context.Response.RefuseAsync(decision == AccessDecision.OtherRole ? StatusCode.PermissionDenied : StatusCode.Unauthenticated, decision.Describe(needed));
    }
}
