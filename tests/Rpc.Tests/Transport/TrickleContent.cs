using System.Net;
using System.Net.Http.Headers;

namespace Atelier.Rpc.Tests.Transport;

/// <summary>A request that begins, then comes byte by byte, and never ends.</summary>
internal sealed class TrickleContent : HttpContent
{
    private readonly byte[] _beginning;
    private readonly TimeSpan _pause;

    /// <param name="beginning">Comes at once.</param>
    /// <param name="pause">Passes before each byte after it; infinite for none.</param>
    public TrickleContent(byte[] beginning, TimeSpan pause)
    {
        (_beginning, _pause) = (beginning, pause);
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_beginning, cancellationToken);
        await stream.FlushAsync(cancellationToken);
        try
        {
            if (_pause == Timeout.InfiniteTimeSpan)
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            using var timer = new PeriodicTimer(_pause);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await stream.WriteAsync(new byte[1], cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server has ended it; how, the response tells.
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
