using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>What makes an HTTP request a gRPC call.</summary>
internal static class CallRequest
{
    public const string ContentType = "application/grpc";

    /// <summary>Whether it says that it is gRPC: the type, or with a suffix for the message format.</summary>
    public static bool HasContentType(HttpRequest request) =>
        request.ContentType is { } type
        && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (type.Length == ContentType.Length || type[ContentType.Length] is '+' or ';');

    /// <summary>Whether it is a call; if not, the response gets HTTP's status, because its sender does not know gRPC's.</summary>
    public static bool IsAcceptable(HttpContext http)
    {
        if (!HasContentType(http.Request))
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        else if (!HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
        else
            return true;
        return false;
    }
}
