using System.Globalization;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Grpc.AspNetCore.Server;

/// <summary>A call's end in headers: trailers, or the only headers of a response without messages.</summary>
internal static class StatusHeaders
{
    public static void Write(IHeaderDictionary headers, Status status, Metadata trailers)
    {
        Write(headers, trailers);
        headers["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail)) headers["grpc-message"] = StatusMessage.Encode(status.Detail);
    }

    public static void Write(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata.Where(entry => !MetadataHeaders.IsReserved(entry.Key)))
            headers[entry.Key] = StringValues.Concat(headers[entry.Key], MetadataHeaders.Encode(entry));
    }
}
