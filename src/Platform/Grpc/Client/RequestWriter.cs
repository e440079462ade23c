using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A call's requests, as the client writes them.</summary>
internal sealed class RequestWriter<TRequest, TResponse>(ClientCall<TRequest, TResponse> call, RequestContent content, Marshaller<TRequest> marshaller)
    : IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private int _isWriting;
    private bool _isCompleted;

    public WriteOptions? WriteOptions { get; set; } = call.Options.WriteOptions;

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_isCompleted) throw new InvalidOperationException("Can't write the message because the request stream is complete.");
        if (Interlocked.Exchange(ref _isWriting, 1) == 1)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            using var registration = cancellationToken.Register(call.Cancel);
            var pipe = await content.Body.WaitAsync(call.Ended);
            Serialize(message, new MessageWriter(pipe, content.Level, call.MaxSendBytes));
            if (WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true) await pipe.FlushAsync(call.Ended);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw await call.WriteFailureAsync(e);
        }
        finally
        {
            Volatile.Write(ref _isWriting, 0);
        }
    }

    public Task CompleteAsync()
    {
        _isCompleted = true;
        content.Complete();
        return Task.CompletedTask;
    }

    // Half a message in the body cannot be taken back, so the call ends with it.
    private void Serialize(TRequest message, MessageWriter writer)
    {
        try
        {
            writer.Write(message, marshaller.ContextualSerializer, WriteOptions);
        }
        catch (Exception e)
        {
            call.Finish(new CallEnd(ResponseStatus.Of(e)));
            throw;
        }
    }
}
