using System.Net;
using Microsoft.AspNetCore.Http;

namespace Atelier.Dashboard.Access;

/// <summary>
/// What other sites' pages must not do with a browser that may use the dashboard. What changes something is taken from the dashboard's own
/// pages only, and as JSON. Where no token is needed, the request must name this machine: a foreign name that leads here is not the dashboard's.
/// </summary>
/// <param name="sessions">Whether a token is needed.</param>
internal sealed class RequestGuard(BrowserSessions sessions) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        Harden(context.HttpContext.Response);
        if (!sessions.AreNeeded && !IsThisMachine(request.Host.Host))
            return Problems.Of(StatusCodes.Status421MisdirectedRequest, $"this dashboard has no token, so it answers only to names of this machine, such as localhost, not to {request.Host.Host}");
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) return await next(context);
        if (!IsOwn(request)) return Problems.Of(StatusCodes.Status403Forbidden, "this request comes from another site's page; use the dashboard itself, or send the token in the `authorization` header");
        return request.HasJsonContentType()
            ? await next(context)
            : Problems.Of(StatusCodes.Status415UnsupportedMediaType, "send JSON: content-type application/json");
    }

    private static void Harden(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);

    /// <summary>Programs send neither header; browsers send the one or the other with everything that changes something.</summary>
    private static bool IsOwn(HttpRequest request) =>
        (request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none")
        && (request.Headers.Origin.ToString() is var origin && (origin.Length == 0 || Uri.TryCreate(origin, UriKind.Absolute, out var site) && site.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)));
}
