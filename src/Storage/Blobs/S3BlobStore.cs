using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.S3;
using Amazon.S3.Model;

namespace Atelier.Storage.Blobs;

/// <summary>
/// Blobs as objects of a bucket of S3, or of a server that speaks its protocol, where an object exists as a whole or not at
/// all. Failures are <see cref="S3StoreException"/>s. Content is written and read on the calling thread, as with
/// <see cref="FolderBlobStore"/>.
/// </summary>
/// <param name="address">The bucket, and what to put before names.</param>
/// <param name="credentials">Who calls; null for the SDK's usual chain.</param>
public sealed class S3BlobStore(S3Address address, AWSCredentials? credentials = null) : IBlobStore, IDisposable
{
    /// <summary>How often a small blob may be replaced between the request for its size and the one for its content.</summary>
    private const int OpenAttempts = 10;

    private readonly S3Bucket _bucket = new(address, credentials is null ? DefaultAWSCredentialsIdentityResolver.GetCredentials : _ => credentials);

    /// <summary>How much goes into one request.</summary>
    internal S3Sizes Sizes { get; init; } = new();

    /// <summary>Checks at start-up that the bucket exists and may be listed, so that a mistake is reported before the work begins.</summary>
    /// <exception cref="UserErrorException">It cannot be used; the message says what to change.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RequireBucketAsync(cancellationToken);
        }
        catch (S3StoreException error)
        {
            throw new UserErrorException(error.Message, error);
        }
    }

    public async Task PutAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        BlobName.Require(name);
        await using var upload = new S3UploadStream(_bucket, _bucket.KeyOf(name), Sizes.PartBytes, cancellationToken);
        try
        {
            await write(upload, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            await upload.FinishAsync();
        }
        catch
        {
            await upload.AbandonAsync();
            throw;
        }
    }

    public async Task<Stream> OpenReadAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        for (var attempt = 1; ; attempt++)
        {
            if (await HeadAsync(name, cancellationToken) is not { } found)
                throw new FileNotFoundException($"{address}: no blob named {name}.", name);
            var stream = new S3ReadStream(_bucket, name, found.ContentLength, found.ETag, Sizes.BlockBytes);
            try
            {
                if (found.ContentLength <= Sizes.BlockBytes) await stream.FetchFirstAsync(cancellationToken);
                return stream;
            }
            catch (BlobReplacedException) when (attempt < OpenAttempts)
            {
                await stream.DisposeAsync();
            }
        }
    }

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        BlobName.RequirePrefix(prefix);
        var names = new List<string>();
        var request = new ListObjectsV2Request { BucketName = _bucket.Name, Prefix = _bucket.KeyOf(prefix), MaxKeys = Sizes.PageKeys };
        do
        {
            var page = await _bucket.CallAsync(client => client.ListObjectsV2Async(request, cancellationToken));
            // Other users of the bucket, such as a console that marks folders, use names that no blob has.
            names.AddRange((page.S3Objects ?? []).Select(found => _bucket.NameOf(found.Key)).Where(BlobName.IsAllowed));
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        return await HeadAsync(name, cancellationToken) is not null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Require(name);
        await _bucket.FindAsync(client => client.DeleteObjectAsync(_bucket.Name, _bucket.KeyOf(name), cancellationToken));
    }

    /// <summary>Aborts the uploads that interrupted writers began. Only while nothing is written under the prefix.</summary>
    /// <param name="prefix">As in <see cref="IBlobStore.ListAsync"/>.</param>
    public async Task SweepAsync(string prefix, CancellationToken cancellationToken)
    {
        BlobName.RequirePrefix(prefix);
        var request = new ListMultipartUploadsRequest { BucketName = _bucket.Name, Prefix = _bucket.KeyOf(prefix), MaxUploads = Sizes.PageKeys };
        var unfinished = new List<MultipartUpload>();
        bool isTruncated;
        do
        {
            if (await UploadsAsync(request, cancellationToken) is not { } page) return;
            unfinished.AddRange(page.MultipartUploads ?? []);
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
            isTruncated = page.IsTruncated == true;
        }
        while (isTruncated);
        foreach (var upload in unfinished)
            await _bucket.FindAsync(client => client.AbortMultipartUploadAsync(_bucket.Name, upload.Key, upload.UploadId, cancellationToken));
    }

    public void Dispose() => _bucket.Dispose();

    /// <summary>The unfinished uploads; null from a server that cannot list them, and cleans up by itself or not at all.</summary>
    private Task<ListMultipartUploadsResponse?> UploadsAsync(ListMultipartUploadsRequest request, CancellationToken cancellationToken) =>
        _bucket.CallAsync(async client =>
        {
            try
            {
                return await client.ListMultipartUploadsAsync(request, cancellationToken);
            }
            catch (AmazonS3Exception error) when (S3Errors.IsNotImplemented(error))
            {
                return null;
            }
        });

    private async Task<GetObjectMetadataResponse?> HeadAsync(string name, CancellationToken cancellationToken)
    {
        var found = await _bucket.FindAsync(client => client.GetObjectMetadataAsync(_bucket.Name, _bucket.KeyOf(name), cancellationToken));
        // The answer to a HEAD request has no body, so it does not tell a missing object from a missing bucket.
        if (found is null) await RequireBucketAsync(cancellationToken);
        return found;
    }

    private async Task RequireBucketAsync(CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _bucket.Name, Prefix = _bucket.KeyOf(""), MaxKeys = 1 };
        await _bucket.CallAsync(client => client.ListObjectsV2Async(request, cancellationToken));
    }
}
