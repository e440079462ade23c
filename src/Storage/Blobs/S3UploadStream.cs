using Amazon.S3.Model;

namespace Atelier.Storage.Blobs;

/// <summary>
/// Takes a blob's content and uploads it in parts, one in flight while the next fills, so that memory is bounded by two parts
/// whatever the size. Nothing has the blob's name before <see cref="FinishAsync"/>. Writing waits on the calling thread when
/// the network is slower than the writer.
/// </summary>
internal sealed class S3UploadStream(S3Bucket bucket, string key, int partBytes, CancellationToken cancellationToken) : Stream
{
    private readonly List<PartETag> _sent = [];
    private MemoryStream _part = new();
    private MemoryStream _spare = new();
    private Task _inFlight = Task.CompletedTask;
    private string? _uploadId;
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _written;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (Take(ref buffer)) SendPartAsync().GetAwaiter().GetResult();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (TakeMemory(ref buffer)) await SendPartAsync();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Gives the blob its name: in one request where one part holds it all, by completing the upload otherwise.</summary>
    public async Task FinishAsync()
    {
        // The request that names the blob is not cancelled: nobody could tell whether it came through.
        if (_uploadId is null)
        {
            _part.Position = 0;
            await bucket.CallAsync(client => client.PutObjectAsync(
                new PutObjectRequest { BucketName = bucket.Name, Key = key, InputStream = _part, AutoCloseStream = false, UseChunkEncoding = false }, CancellationToken.None));
            return;
        }

        if (_part.Length > 0) await SendPartAsync();
        await _inFlight;
        cancellationToken.ThrowIfCancellationRequested();
        await bucket.CallAsync(client => client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = bucket.Name, Key = key, UploadId = _uploadId, PartETags = _sent }, CancellationToken.None));
    }

    /// <summary>Has the server forget the parts. If it cannot be reached, <see cref="S3BlobStore.SweepAsync"/> does that later.</summary>
    public async Task AbandonAsync()
    {
        try
        {
            await _inFlight;
        }
        catch (Exception error) when (error is S3StoreException or OperationCanceledException)
        {
            // A part that arrived after the abort would stay; now none can.
        }

        if (_uploadId is null) return;
        try
        {
            await bucket.CallAsync(client => client.AbortMultipartUploadAsync(bucket.Name, key, _uploadId, CancellationToken.None));
        }
        catch (S3StoreException)
        {
        }
    }

    public override void Flush()
    {
        // Parts have a least size; nothing is durable before FinishAsync anyway.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _part.Dispose();
            _spare.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Fills the part.</summary>
    /// <returns>Whether it is full and bytes are left.</returns>
    private bool Take(ref ReadOnlySpan<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, partBytes - _part.Length);
        _part.Write(buffer[..count]);
        _written += count;
        buffer = buffer[count..];
        return buffer.Length > 0;
    }

    private bool TakeMemory(ref ReadOnlyMemory<byte> buffer)
    {
        var rest = buffer.Span;
        var isFull = Take(ref rest);
        buffer = buffer[^rest.Length..];
        return isFull;
    }

    /// <summary>Sends the part after the one in flight has arrived.</summary>
    private async Task SendPartAsync()
    {
        await _inFlight;
        _uploadId ??= (await bucket.CallAsync(client => client.InitiateMultipartUploadAsync(bucket.Name, key, cancellationToken))).UploadId;
        (_part, _spare) = (_spare, _part);
        _part.SetLength(0);
        _inFlight = UploadAsync(_spare, _sent.Count + 1);
    }

    private async Task UploadAsync(MemoryStream content, int number)
    {
        content.Position = 0;
        var sent = await bucket.CallAsync(client => client.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = bucket.Name, Key = key, UploadId = _uploadId, PartNumber = number, InputStream = content, PartSize = content.Length, UseChunkEncoding = false,
            },
            cancellationToken));
        _sent.Add(new(number, sent.ETag));
    }
}
