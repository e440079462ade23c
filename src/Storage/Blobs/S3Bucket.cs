using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Atelier.Storage.Blobs;

/// <summary>The SDK's client and where it works; turns its exceptions into those that say what to change.</summary>
/// <param name="address">The bucket, and how to reach it.</param>
/// <param name="credentials">Finds who calls; throws <see cref="AmazonClientException"/> where nothing says it.</param>
internal sealed class S3Bucket(S3Address address, Func<IClientConfig, AWSCredentials> credentials) : IDisposable
{
    // Opened when it is first used: finding a region and credentials may fail, and may succeed the next time.
    private readonly Lazy<AmazonS3Client> _client = new(() => Open(address, credentials), LazyThreadSafetyMode.PublicationOnly);

    public string Name => address.Bucket;

    /// <summary>The key of a blob or of a prefix of blobs.</summary>
    public string KeyOf(string name) => address.Prefix.Length > 0 ? $"{address.Prefix}/{name}" : name;

    public string NameOf(string key) => key[KeyOf("").Length..];

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

    private static AmazonS3Client Open(S3Address address, Func<IClientConfig, AWSCredentials> find)
    {
        var config = Configure(address);
        try
        {
            var credentials = find(config);
            // Those of a role are fetched only now.
            credentials.GetCredentials();
            return new(credentials, config);
        }
        catch (AmazonClientException error)
        {
            throw new S3StoreException(
                S3Failure.CredentialsMissing, $"{address}: no credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE", error);
        }
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
        else
        {
            config.RegionEndpoint = (address.Region is { } region ? RegionEndpoint.GetBySystemName(region) : FallbackRegionFactory.GetRegionEndpoint())
                ?? throw new S3StoreException(S3Failure.RegionWrong, $"{address}: no region set; add region=NAME to the address, or set AWS_REGION");
        }

        return config;
    }
}
