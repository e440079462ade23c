using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A call's status, out of HTTP's headers, trailers and failures.</summary>
internal static class ResponseStatus
{
    /// <summary>The end that the headers alone tell: no gRPC, or no messages; null if messages may follow.</summary>
    public static CallEnd? OfHeaders(HttpResponseMessage response)
    {
        if (ValueOf(response.Headers, "grpc-status") is not null) return Of(response.Headers);
        if (response.StatusCode != HttpStatusCode.OK)
            return new CallEnd(new Status(CodeOf(response.StatusCode), $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}"));
        if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
            return new CallEnd(new Status(StatusCode.Cancelled, $"Bad gRPC response. Invalid content-type value: {response.Content.Headers.ContentType}"));
        return MessageEncoding.IsKnown(EncodingOf(response))
            ? null
            : new CallEnd(new Status(StatusCode.Internal, $"The responses' encoding '{EncodingOf(response)}' was not offered."));
    }

    /// <summary>The end that the trailers tell; the body must have been read.</summary>
    public static CallEnd OfTrailers(HttpResponseMessage response) =>
        ValueOf(response.TrailingHeaders, "grpc-status") is null
            ? new CallEnd(new Status(StatusCode.Internal, "No grpc-status found on response."))
            : Of(response.TrailingHeaders);

    /// <summary>How messages are compressed; null for not at all.</summary>
    public static string? EncodingOf(HttpResponseMessage response) => ValueOf(response.Headers, MessageEncoding.Header);

    /// <summary>The application's part of headers.</summary>
    public static Metadata MetadataOf(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values) MetadataHeaders.Decode(metadata, name, value);
        }
        return metadata;
    }

    /// <summary>What a failure means.</summary>
    public static Status Of(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case RpcException rpc:
                    return rpc.Status;
                case OperationCanceledException:
                    return new Status(StatusCode.Cancelled, "Call canceled by the client.", failure);
                case HttpProtocolException protocol:
                    return new Status(CodeOf(protocol.ErrorCode), $"The server reset the stream: HTTP/2 error {protocol.ErrorCode}.", failure);
            }
        }
        // Neither end is to blame: the connection could not be made, or broke.
        return failure is HttpRequestException or IOException
            ? new Status(StatusCode.Unavailable, $"Error connecting to the server or reading from it. {Innermost(failure)}", failure)
            : new Status(StatusCode.Internal, $"The call failed. {failure.GetType().Name}: {failure.Message}", failure);
    }

    private static string Innermost(Exception failure) => failure.GetBaseException() is var cause ? $"{cause.GetType().Name}: {cause.Message}" : "";

    private static CallEnd Of(HttpResponseHeaders headers)
    {
        Metadata metadata;
        try
        {
            metadata = MetadataOf(headers);
        }
        catch (RpcException e)
        {
            return new CallEnd(e.Status);
        }
        var code = int.TryParse(ValueOf(headers, "grpc-status"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && Enum.IsDefined((StatusCode)number) ? (StatusCode)number : StatusCode.Unknown;
        return new CallEnd(new Status(code, StatusMessage.Decode(ValueOf(headers, "grpc-message") ?? "")), metadata, IsExplicit: true);
    }

    private static string? ValueOf(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    // The mapping of the gRPC specification, "HTTP to gRPC Status Code Mapping".
    private static StatusCode CodeOf(HttpStatusCode http) => http switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    // The mapping of the gRPC specification, "HTTP2 Transport Mapping", errors.
    private static StatusCode CodeOf(long http2Error) => http2Error switch
    {
        7 => StatusCode.Unavailable,
        8 => StatusCode.Cancelled,
        11 => StatusCode.ResourceExhausted,
        12 => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
