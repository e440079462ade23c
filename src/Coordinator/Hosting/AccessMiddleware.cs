using Atelier.Core.Access;
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
        return decision == AccessDecision.Granted ? next(context) : Refuse(context, decision, needed);
    }

    /// <summary>As gRPC has it: a status in the headers of an answer without content.</summary>
    private static Task Refuse(HttpContext context, AccessDecision decision, AccessRole role)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        var status = decision == AccessDecision.OtherRole ? StatusCode.PermissionDenied : StatusCode.Unauthenticated;
        context.Response.Headers["grpc-status"] = ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = Uri.EscapeDataString(decision.Describe(role));
        return Task.CompletedTask;
    }
}
