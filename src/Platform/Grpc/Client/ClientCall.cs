using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// One call from its start to its status. Whatever ends it first (the server's trailers, the deadline, the caller, a lost
/// connection) decides the status and ends every read and write that waits.
/// </summary>
internal sealed class ClientCall<TRequest, TResponse> : IDisposable
    where TRequest : class
    where TResponse : class
{
    // As the package: not a header of the call, but the wish that its requests be compressed.
    private const string CompressRequests = "grpc-internal-encoding-request";

    private const int BufferBytes = 64 * 1024;

    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly TaskCompletionSource<CallEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ended = new();
    private readonly List<IDisposable> _watches = [];
    private Task<MessageReader?> _responding = Task.FromResult<MessageReader?>(null);
    private HttpResponseMessage? _response;

    public ClientCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        if (options.Deadline is { } deadline && deadline.Kind != DateTimeKind.Utc && deadline != DateTime.MaxValue && deadline != DateTime.MinValue)
            throw new ArgumentException("Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.", nameof(options));
        _channel = channel;
        _method = method;
        Options = options;
    }

    public CallOptions Options { get; }

    public int? MaxSendBytes => _channel.MaxSendBytes;

    /// <summary>Whether the caller gave it up.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Cancelled when the call is over, however it ended.</summary>
    public CancellationToken Ended => _ended.Token;

    public Task<Metadata> ResponseHeaders => _headers.Task;

    /// <summary>Starts a call with one request.</summary>
    public void Start(TRequest request) => _ = WriteSingleAsync(Start(), request);

    /// <summary>Starts a call with many requests.</summary>
    public RequestWriter<TRequest, TResponse> Start()
    {
        var compresses = Options.Headers?.GetValue(CompressRequests) == MessageEncoding.Gzip;
        var content = new RequestContent(compresses ? CompressionLevel.Fastest : null, Ended);
        var timeout = Options.Deadline is { } deadline && deadline != DateTime.MaxValue
            ? deadline - TimeProvider.System.GetUtcNow().UtcDateTime
            : (TimeSpan?)null;
        Watch(timeout);
        _responding = SendAsync(RequestHeaders.Of(_channel.UriOf(_method), content, Options.Headers, timeout, compresses));
        return new RequestWriter<TRequest, TResponse>(this, content, _method.RequestMarshaller);
    }

    /// <summary>The next response; whether there was one before the call ended well.</summary>
    public async Task<(bool Found, TResponse? Message)> ReadAsync()
    {
        if (await _responding is { } reader && !_end.Task.IsCompleted)
        {
            try
            {
                var read = await reader.ReadAsync(_method.ResponseMarshaller.ContextualDeserializer, Ended);
                if (read.Found) return read;
                Finish(ResponseStatus.OfTrailers(_response!));
            }
            catch (Exception e)
            {
                // A server that stops within a message may have said why.
                Finish(ResponseStatus.OfTrailers(_response!) is { Status.StatusCode: not StatusCode.OK, IsExplicit: true } told ? told : new CallEnd(ResponseStatus.Of(e)));
            }
        }
        var end = await _end.Task;
        return end.Status.StatusCode == StatusCode.OK ? (false, null) : throw end.ToException();
    }

    /// <summary>The only response.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        var (found, message) = await ReadAsync();
        if (!found) throw new RpcException(new Status(StatusCode.Internal, "The server sent no response."));
        if (!(await ReadAsync()).Found) return message!;
        Finish(new CallEnd(new Status(StatusCode.Internal, "The server sent more than one response.")));
        throw (await _end.Task).ToException();
    }

    /// <summary>What a write throws that failed.</summary>
    public async Task<Exception> WriteFailureAsync(Exception e)
    {
        // With one response somebody reads already, and learns why the server takes no more requests.
        if (_method.Type is MethodType.ClientStreaming or MethodType.Unary) await _end.Task;
        if (!_end.Task.IsCompleted) return new RpcException(new Status(StatusCode.Unavailable, $"The server takes no more requests: {e.Message}", e));
        var end = await _end.Task;
        return end.Status.StatusCode == StatusCode.OK
            ? new InvalidOperationException("Can't write the message because the call is complete.", e)
            : end.ToException();
    }

    /// <summary>Ends the call, unless it has ended.</summary>
    public void Finish(CallEnd end)
    {
        if (!_end.TrySetResult(end)) return;
        Unwatch();
        if (_headers.TrySetException(end.ToException())) _ = _headers.Task.Exception; // seen, even if nobody awaits the headers
        _ended.Cancel();
        // Resets the stream if it is not at its end; cancelling a read of the body alone would leave it open at the server.
        _response?.Dispose();
    }

    public void Cancel() => Finish(new CallEnd(new Status(StatusCode.Cancelled, "Call canceled by the client.")));

    public Status GetStatus() => Result.Status;

    public Metadata GetTrailers() => Result.Trailers;

    public void Dispose()
    {
        IsDisposed = true;
        Finish(new CallEnd(new Status(StatusCode.Cancelled, "gRPC call disposed.")));
    }

    private CallEnd Result => _end.Task.IsCompletedSuccessfully ? _end.Task.Result : throw new InvalidOperationException("the call has not ended");

    private void Watch(TimeSpan? timeout)
    {
        lock (_watches)
        {
            _watches.Add(_channel.Disposed.Register(Cancel));
            _watches.Add(Options.CancellationToken.Register(Cancel));
            if (timeout is { } left)
                _watches.Add(DeadlineTimer.Start(TimeProvider.System, left, () => Finish(new CallEnd(new Status(StatusCode.DeadlineExceeded, "")))));
        }
        if (_end.Task.IsCompleted) Unwatch();
    }

    private async Task<MessageReader?> SendAsync(HttpRequestMessage request)
    {
        try
        {
            Ended.ThrowIfCancellationRequested();
            var response = _response = await _channel.SendAsync(request, Ended);
            if (_end.Task.IsCompleted) response.Dispose(); // it ended before there was one to dispose
            var headers = ResponseStatus.MetadataOf(response.Headers);
            if (ResponseStatus.OfHeaders(response) is { } end)
            {
                _headers.TrySetResult(headers);
                Finish(end);
                return null;
            }
            var body = PipeReader.Create(await response.Content.ReadAsStreamAsync(Ended), new StreamPipeReaderOptions(bufferSize: BufferBytes));
            _headers.TrySetResult(headers);
            return new MessageReader(body, ResponseStatus.EncodingOf(response), _channel.MaxReceiveBytes);
        }
        catch (Exception e)
        {
            Finish(new CallEnd(ResponseStatus.Of(e)));
            return null;
        }
    }

    private static async Task WriteSingleAsync(RequestWriter<TRequest, TResponse> writer, TRequest request)
    {
        try
        {
            await writer.WriteAsync(request);
            await writer.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // Said by the call's status: a request that cannot be written has ended the call, and whoever reads sees the rest.
        }
    }

    private void Unwatch()
    {
        lock (_watches)
        {
            foreach (var watch in _watches) watch.Dispose();
            _watches.Clear();
        }
    }
}
