using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Atelier.Dashboard.Access;

/// <summary>Refusals and mistakes, as JSON with a title that says what to change.</summary>
public static class Problems
{
    private const string Type = "application/problem+json";

    /// <summary>A response with a status and what was wrong.</summary>
    public static IResult Of(int status, string title) => Results.Text(Text(status, title), Type, statusCode: status);

    /// <summary>Refuses a request whose caller has shown nothing that lets it in: pages lead to where one signs in.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">401, or 403 for a token of others.</param>
    /// <param name="title">What was wrong and what to change.</param>
    public static Task RefuseAsync(HttpContext context, int status, string title)
    {
        ArgumentNullException.ThrowIfNull(context);
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) && status == StatusCodes.Status401Unauthorized && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = $"/sign-in?then={Uri.EscapeDataString(request.Path + request.QueryString)}";
            return Task.CompletedTask;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = Type;
        if (status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
        return context.Response.WriteAsync(Text(status, title), context.RequestAborted);
    }

    private static string Text(int status, string title) => JsonSerializer.Serialize(new Problem(status, title), JsonSerializerOptions.Web);

    private sealed record Problem(int Status, string Title);
}
