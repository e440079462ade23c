using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Atelier.Storage.Blobs;

/// <summary>The SDK's client and where it works; turns its exceptions into those that say what to change.</summary>
internal sealed class S3Bucket(S3Address address, AWSCredentials? credentials) : IDisposable
{
    // Opened when it is first used: finding out about regions and credentials may already fail, and is then explained.
    private readonly Lazy<AmazonS3Client> _client = new(() => credentials is null ? new(Configure(address)) : new(credentials, Configure(address)));

    public string Name => address.Bucket;

    /// <summary>The key of a blob or of a prefix of blobs.</summary>
    public string KeyOf(string name) => address.Prefix.Length > 0 ? $"{address.Prefix}/{name}" : name;

    /// <summary>The name of the blob with a key.</summary>
    public string NameOf(string key) => key[KeyOf("").Length..];

    /// <summary>Calls the server.</summary>
    /// <exception cref="S3StoreException">It failed.</exception>
    public async Task<T> CallAsync<T>(Func<AmazonS3Client, Task<T>> call)
    {
        try
        {
            return await call(_client.Value);
        }
        catch (Exception error) when (S3Errors.IsOfTheStore(error))
        {
            throw S3Errors.Explain(error, address);
        }
    }

    /// <summary>Calls the server about an object.</summary>
    /// <returns>The default where there is no such object; the bucket may be missing too.</returns>
    /// <exception cref="S3StoreException">It failed otherwise.</exception>
    public Task<T?> FindAsync<T>(Func<AmazonS3Client, Task<T>> call) where T : class => CallAsync(async client =>
    {
        try
        {
            return await call(client);
        }
        catch (AmazonS3Exception error) when (S3Errors.IsNotFound(error))
        {
            return null;
        }
    });

    public void Dispose()
    {
        if (_client.IsValueCreated) _client.Value.Dispose();
    }

    private static AmazonS3Config Configure(S3Address address)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = address.PathStyle,
            // Other servers do not know the trailing checksums that the SDK adds by itself. Requests stay protected: their
            // signature covers the SHA-256 of the body, and a snapshot's manifest has the SHA-256 of every slice.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (address.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.GetLeftPart(UriPartial.Authority);
            // Part of the signature; servers that have no regions take any.
            config.AuthenticationRegion = address.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
        }
        else if (address.Region is { } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return config;
    }
}
