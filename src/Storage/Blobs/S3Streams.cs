using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Atelier.Storage.Blobs;

/// <summary>How much goes into one request.</summary>
/// <param name="PartBytes">Size of an uploaded part. Servers take at least 5 MiB and 10,000 parts, which makes 156 GiB a blob.</param>
/// <param name="BlockBytes">Size of a block that is read: large enough that round trips do not matter, small enough to hold.</param>
/// <param name="PageKeys">Keys that one answer lists; servers allow up to 1,000.</param>
internal sealed record S3Sizes(int PartBytes = 16 << 20, int BlockBytes = 8 << 20, int PageKeys = 1000);

/// <summary>
/// A blob read in blocks, each by a request for a range. Every request names the version that was opened by its ETag, so the
/// result is the bytes of one blob or an error, never a mixture. A blob that fits a block is fetched when it is opened and outlives its
/// replacement. Reads wait on the calling thread.
/// </summary>
internal sealed class S3ReadStream(S3Bucket bucket, string name, long length, string etag, int blockBytes) : Stream
{
    /// <summary>The SDK repeats requests, but not the reading of their bodies.</summary>
    private const int Attempts = 3;

    private byte[] _block = [];
    private long _blockStart;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <exception cref="BlobReplacedException">The blob is another by now.</exception>
    public Task FetchFirstAsync(CancellationToken cancellationToken) => FetchAsync(0, cancellationToken);

    public override int Read(Span<byte> buffer)
    {
        if (!IsAtHand && _position < length) FetchAsync(_position / blockBytes * blockBytes, CancellationToken.None).GetAwaiter().GetResult();
        return Copy(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!IsAtHand && _position < length) await FetchAsync(_position / blockBytes * blockBytes, cancellationToken);
        return Copy(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        SeekOrigin.End => length,
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "There is no such origin."),
    };

    public override void Flush() => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool IsAtHand => _position >= _blockStart && _position < _blockStart + _block.Length;

    private int Copy(Span<byte> buffer)
    {
        if (!IsAtHand) return 0; // at the end
        var rest = _block.AsSpan((int)(_position - _blockStart));
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    private async Task FetchAsync(long start, CancellationToken cancellationToken)
    {
        if (length == 0) return; // a range of nothing is an error to some servers
        var block = new byte[Math.Min(blockBytes, length - start)];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await bucket.CallAsync(client => ReadRangeAsync(client, start, block, cancellationToken));
                (_block, _blockStart) = (block, start);
                return;
            }
            catch (S3StoreException error) when (error.InnerException is IOException && attempt < Attempts)
            {
                // The connection broke within the body.
            }
        }
    }

    private async Task<int> ReadRangeAsync(AmazonS3Client client, long start, byte[] block, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.GetObjectAsync(
                new GetObjectRequest { BucketName = bucket.Name, Key = bucket.KeyOf(name), EtagToMatch = etag, ByteRange = new(start, start + block.Length - 1) }, cancellationToken);
            // Some servers do not look at the condition.
            if (response.ETag != etag) throw new BlobReplacedException(name);
            await response.ResponseStream.ReadExactlyAsync(block, cancellationToken);
            return block.Length;
        }
        catch (AmazonS3Exception error) when (error.StatusCode == HttpStatusCode.PreconditionFailed || S3Errors.IsNotFound(error))
        {
            throw new BlobReplacedException(name);
        }
    }
}

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

    /// <summary>Aborts the upload, so that the server deletes its parts. If it cannot be reached, <see cref="S3BlobStore.SweepAsync"/> does that later.</summary>
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

/// <summary>A blob is no longer the one that was opened, so the rest of it cannot be read.</summary>
internal sealed class BlobReplacedException(string name) : IOException($"{name} was replaced or deleted during reading");
