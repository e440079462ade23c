using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>Gets from a call to its HTTP request.</summary>
public static class ServerCallContextExtensions
{
    /// <summary>The HTTP request and response of a call.</summary>
    /// <exception cref="InvalidOperationException">The call is not over HTTP, as in a test.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext) =>
        (serverCallContext as ServerCall)?.Http ?? throw new InvalidOperationException("this call did not come over HTTP");
}
