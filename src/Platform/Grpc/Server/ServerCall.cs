using System.IO.Compression;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// One call from its headers to its status. Writes to the response go through one gate, because a handler may read in one
/// place and write in another, and the deadline may pass meanwhile.
/// </summary>
internal sealed partial class ServerCall : ServerCallContext, IAsyncDisposable
{
    private const int CancelErrorCode = 8; // HTTP/2's CANCEL

    // After its deadline a client has this long to take what was written and the status; one that reads nothing never would.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private static readonly Status DeadlineExceeded = new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private readonly GrpcServiceOptions _options;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _cancel;
    private readonly TaskCompletionSource _deadlinePassed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer? _timer;
    private readonly MessageReader _reader;
    private readonly MessageWriter _writer;
    private bool _isEnded;

    /// <param name="http">The request; it was checked to be gRPC.</param>
    /// <param name="options">Limits and compression.</param>
    /// <param name="time">The deadline's clock.</param>
    /// <param name="logger">Hears of handlers that fail.</param>
    /// <exception cref="RpcException">A header makes no sense.</exception>
    public ServerCall(HttpContext http, GrpcServiceOptions options, TimeProvider time, ILogger logger)
    {
        Http = http;
        _options = options;
        _logger = logger;
        foreach (var (name, values) in http.Request.Headers)
        {
            foreach (var value in values) MetadataHeaders.Decode(RequestHeadersCore, name, value);
        }
        var encoding = (string?)http.Request.Headers[MessageEncoding.Header];
        if (!MessageEncoding.IsKnown(encoding))
            throw new RpcException(new Status(StatusCode.Unimplemented, $"Messages in the encoding '{encoding}' cannot be read; known are {MessageEncoding.Accepted}."));

        _reader = new MessageReader(http.Request.BodyReader, encoding, options.MaxReceiveMessageSize);
        var compresses = options.ResponseCompressionAlgorithm == MessageEncoding.Gzip && MessageEncoding.AcceptsGzip(http.Request.Headers[MessageEncoding.AcceptHeader]);
        if (compresses) http.Response.Headers[MessageEncoding.Header] = MessageEncoding.Gzip;
        _writer = new MessageWriter(
            http.Response.BodyWriter, compresses ? options.ResponseCompressionLevel ?? CompressionLevel.Fastest : null, options.MaxSendMessageSize);

        _cancel = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        DeadlineCore = DateTime.MaxValue;
        if (GrpcTimeout.Decode(http.Request.Headers[GrpcTimeout.Header]) is not { } timeout) return;
        var now = time.GetUtcNow().UtcDateTime;
        if (timeout >= DateTime.MaxValue - now) return;
        DeadlineCore = now + timeout;
        _timer = DeadlineTimer.Start(time, timeout, () =>
        {
            _deadlinePassed.TrySetResult();
            _ = _cancel.CancelAsync(); // what a handler's callback throws must not end the timer's thread
        });
    }

    /// <summary>The request and response.</summary>
    public HttpContext Http { get; }

    protected override string MethodCore => Http.Request.Path;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => PeerName.Of(Http.Connection);

    protected override DateTime DeadlineCore { get; }

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => _cancel.Token;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <summary>Runs the handler and ends the call: with the handler, or at the deadline if that comes first.</summary>
    public async Task RunAsync(Func<ServerCall, Task> handler)
    {
        var running = StatusOfAsync(handler);
        if (await Task.WhenAny(running, _deadlinePassed.Task) != running)
            await EndAsync(DeadlineExceeded, ResponseTrailersCore, LastWords);
        // The request's memory is the handler's until it returns, whatever the client has been told.
        var (status, trailers) = await running;
        await EndAsync(status, trailers, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The next request; whether there was one.</summary>
    public async Task<(bool Found, T? Message)> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancel.Token, cancellationToken);
        return await _reader.ReadAsync(marshaller.ContextualDeserializer, either.Token);
    }

    /// <summary>The only request.</summary>
    public async Task<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
    {
        var (found, message) = await ReadAsync(marshaller, CancellationToken.None);
        if (!found) throw new RpcException(new Status(StatusCode.Internal, "The call has no request."));
        if ((await ReadAsync(marshaller, CancellationToken.None)).Found)
            throw new RpcException(new Status(StatusCode.Internal, "The call has more than one request."));
        return message!;
    }

    /// <summary>Writes a response.</summary>
    public async Task WriteAsync<T>(Marshaller<T> marshaller, T message, WriteOptions? options, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancel.Token, cancellationToken);
        await _gate.WaitAsync(either.Token);
        try
        {
            // Kestrel counts a response as started when its headers are, not when its body is; the status' place depends on it.
            if (!Http.Response.HasStarted) await StartAsync();
            _writer.Write(message, marshaller.ContextualSerializer, options ?? WriteOptionsCore);
            if (options?.Flags.HasFlag(WriteFlags.BufferHint) != true) await Http.Response.BodyWriter.FlushAsync(either.Token);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Sends the headers unless they are sent.</summary>
    public async Task SendHeadersAsync()
    {
        if (Http.Response.HasStarted) return;
        await _gate.WaitAsync(_cancel.Token);
        try
        {
            if (Http.Response.HasStarted) return;
            await StartAsync();
            await Http.Response.BodyWriter.FlushAsync(_cancel.Token);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Waits for the timer, which would cancel what is disposed.
        if (_timer is not null) await _timer.DisposeAsync();
        _cancel.Dispose();
        _gate.Dispose();
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (Http.Response.HasStarted) throw new InvalidOperationException("the response's headers are already sent");
        StatusHeaders.Write(Http.Response.Headers, responseHeaders);
        return SendHeadersAsync();
    }

    private Task StartAsync() => Http.Response.StartAsync(_cancel.Token);

    private async Task<(Status Status, Metadata Trailers)> StatusOfAsync(Func<ServerCall, Task> handler)
    {
        try
        {
            await handler(this);
            return (StatusCore, ResponseTrailersCore);
        }
        catch (RpcException e)
        {
            foreach (var entry in e.Trailers) ResponseTrailersCore.Add(entry);
            return (e.Status, ResponseTrailersCore);
        }
        catch (Exception) when (_deadlinePassed.Task.IsCompleted)
        {
            return (DeadlineExceeded, ResponseTrailersCore);
        }
        catch (Exception) when (Http.RequestAborted.IsCancellationRequested)
        {
            return (Status.DefaultCancelled, ResponseTrailersCore);
        }
        catch (Exception e)
        {
            LogHandlerFailed(_logger, MethodCore, e);
            var detail = _options.EnableDetailedErrors == true ? $" {e.GetType().Name}: {e.Message}" : "";
            return (new Status(StatusCode.Unknown, $"Exception was thrown by handler.{detail}"), ResponseTrailersCore);
        }
    }

    // The gate is kept: nothing is written after the end.
    private async Task EndAsync(Status status, Metadata trailers, TimeSpan patience)
    {
        if (_isEnded || Http.RequestAborted.IsCancellationRequested) return;
        _isEnded = true;
        if (!_gate.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            // A write waits for a client that takes no more; it would not take trailers either.
            Reset();
            return;
        }
        var destination = Http.Response.HasStarted ? Http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers : Http.Response.Headers;
        StatusHeaders.Write(destination, status, trailers);
        try
        {
            await Http.Response.CompleteAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            Reset();
        }
    }

    private void Reset() => Http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(CancelErrorCode);

    [LoggerMessage(1, LogLevel.Error, "The handler of {Method} failed")]
    private static partial void LogHandlerFailed(ILogger logger, string method, Exception exception);
}
