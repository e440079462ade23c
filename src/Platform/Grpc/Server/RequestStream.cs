using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>A call's requests, as its handler reads them.</summary>
/// <param name="call">The call.</param>
/// <param name="marshaller">Reads a request.</param>
/// <param name="sendsHeaders">Whether the response's headers go out before the first read: the client may wait for them before it writes.</param>
internal sealed class RequestStream<T>(ServerCall call, Marshaller<T> marshaller, bool sendsHeaders) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("no request was read yet, or the stream is at its end");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (sendsHeaders) await call.SendHeadersAsync();
        (var found, _current) = await call.ReadAsync(marshaller, cancellationToken);
        return found;
    }
}
