using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A call's responses, as the client reads them.</summary>
internal sealed class ResponseReader<TRequest, TResponse>(ClientCall<TRequest, TResponse> call) : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private TResponse? _current;

    public TResponse Current => _current ?? throw new InvalidOperationException("no response was read yet, or the stream is at its end");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(call.IsDisposed, call);
        using var registration = cancellationToken.Register(call.Cancel);
        (var found, _current) = await call.ReadAsync();
        return found;
    }
}
