using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Atelier.Rpc.Transport;

/// <summary>Refused calls.</summary>
public static class Refusals
{
    /// <summary>Refuses a call before anything of it is read, as gRPC has it: a status in the headers of an answer without content.</summary>
    /// <param name="response">The answer, which nothing was written to.</param>
    /// <param name="status">The status.</param>
    /// <param name="message">What was wrong and what to change.</param>
    public static Task RefuseAsync(this HttpResponse response, StatusCode status, string message)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)status).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(message);
        return Task.CompletedTask;
    }
}
