using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>How a call ended.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Trailers">What came with it.</param>
/// <param name="IsExplicit">Whether the server said so itself.</param>
internal sealed record CallEnd(Status Status, Metadata Trailers, bool IsExplicit)
{
    /// <summary>An end that the client found itself.</summary>
    public CallEnd(Status status)
        : this(status, [], false)
    {
    }

    public RpcException ToException() => new(Status, Trailers);
}
