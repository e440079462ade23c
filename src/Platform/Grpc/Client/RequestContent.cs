using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;

namespace Grpc.Net.Client;

/// <summary>A request's body that stays open for messages until it is complete.</summary>
internal sealed class RequestContent : HttpContent
{
    private const int BufferBytes = 64 * 1024;

    private readonly TaskCompletionSource<PipeWriter> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _ended;

    /// <param name="level">How hard messages are compressed; null for not at all.</param>
    /// <param name="ended">The call's end, which is the body's.</param>
    public RequestContent(CompressionLevel? level, CancellationToken ended)
    {
        Level = level;
        _ended = ended;
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    public CompressionLevel? Level { get; }

    /// <summary>The body, once there is a connection.</summary>
    public Task<PipeWriter> Body => _body.Task;

    /// <summary>No more messages.</summary>
    public void Complete() => _complete.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // The headers go out now: the server's handler starts, though the first message may take its time.
        await stream.FlushAsync(_ended);
        var pipe = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true));
        _body.TrySetResult(pipe);
        await _complete.Task.WaitAsync(_ended);
        await pipe.FlushAsync(_ended);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
