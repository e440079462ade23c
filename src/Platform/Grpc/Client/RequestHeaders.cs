using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The HTTP request of a call.</summary>
internal static class RequestHeaders
{
    public static HttpRequestMessage Of(Uri uri, RequestContent content, Metadata? metadata, TimeSpan? timeout, bool compresses)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        void Add(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
        Add("te", "trailers");
        Add(MessageEncoding.AcceptHeader, MessageEncoding.Accepted);
        if (compresses) Add(MessageEncoding.Header, MessageEncoding.Gzip);
        if (timeout is { } left) Add(GrpcTimeout.Header, GrpcTimeout.Encode(left));
        foreach (var entry in metadata ?? [])
        {
            if (MetadataHeaders.IsReserved(entry.Key) || entry.Key.StartsWith("grpc-internal-", StringComparison.Ordinal)) continue;
            Add(entry.Key, MetadataHeaders.Encode(entry));
        }
        return request;
    }
}
