using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>How the services of a server are run.</summary>
public class GrpcServiceOptions
{
    /// <summary>The size that a received message may have unless an option says otherwise, in bytes.</summary>
    internal const int DefaultMaxReceiveBytes = 4 * 1024 * 1024;

    /// <summary>The largest request, in bytes; null for any. 4 MiB unless set.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveBytes;

    /// <summary>The largest response, in bytes; null for any.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Whether clients are told the message of an exception that a handler throws. Its stack is never told.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary><c>gzip</c>, to compress responses for clients that take it; null for never.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard responses are compressed; the fastest unless set.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }
}
