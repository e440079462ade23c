using Google.Protobuf;

namespace Atelier.Worker.Peers.Links;

/// <summary>Lets one connection for segments in.</summary>
/// <param name="value">What it begins with.</param>
/// <param name="returned">Called when no connection is to come any more.</param>
internal sealed class SegmentTicket(byte[] value, Action returned) : IDisposable
{
    private readonly TaskCompletionSource<SegmentReceiver> _came = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the connection is opened with.</summary>
    public ByteString Value { get; } = ByteString.CopyFrom(value);

    /// <summary>The connection, when it has come.</summary>
    public Task<SegmentReceiver> Came => _came.Task;

    /// <summary>The connection has come. False where nobody waits for it any more.</summary>
    public bool TryUse(SegmentReceiver connection) => _came.TrySetResult(connection);

    /// <summary>Ends the connection, or refuses it.</summary>
    public void Dispose()
    {
        returned();
        if (!_came.TrySetCanceled() && _came.Task.IsCompletedSuccessfully)
            _came.Task.Result.Close();
    }
}
