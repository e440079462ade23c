using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Atelier.Storage.Blobs;

/// <summary>
/// A blob read in blocks, each by a request for a range. Every request names the version that was opened by its ETag, so the
/// bytes are of one blob or an error, never a mixture. A blob that fits a block is fetched when it is opened and outlives its
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

    /// <summary>Fetches the first block.</summary>
    /// <param name="cancellationToken">Stops fetching.</param>
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
