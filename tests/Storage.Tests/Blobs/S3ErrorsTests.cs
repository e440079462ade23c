using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Atelier.Storage.Blobs;
using Atelier.TestKit;

namespace Atelier.Storage.Tests.Blobs;

/// <summary>What people are told when an S3 store does not work.</summary>
public sealed class S3ErrorsTests(S3Server server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BucketMissing_EveryOperation_NamesIt()
    {
        using var store = new S3BlobStore(server.NoBucket());
        foreach (var operation in Operations(store)) await Says(operation, S3Failure.BucketMissing, "no-such-bucket", "create it");
    }

    [Fact]
    public async Task AccessDenied_EveryOperation_NamesCredentialsAndPermissions()
    {
        var location = server.NewBucket();
        using var store = new S3BlobStore(location, new BasicAWSCredentials("stranger", "secret"));
        foreach (var operation in Operations(store)) await Says(operation, S3Failure.AccessDenied, location.Bucket, "AWS_ACCESS_KEY_ID", "s3:PutObject");
    }

    [Fact]
    public async Task Unreachable_AnyOperation_NamesTheEndpoint()
    {
        using var store = new S3BlobStore(S3Address.Parse($"s3://bucket/runs?endpoint=http://127.0.0.1:{ClosedPort()}"));
        await Says(() => store.ListAsync("", Token), S3Failure.Unreachable, "http://127.0.0.1:", "cannot reach", "refused");
    }

    [Fact]
    public async Task CredentialsMissing_AnyCall_SaysHowToGiveThem()
    {
        using var bucket = new S3Bucket(S3Address.Parse("s3://bucket/runs?region=eu-west-1"), _ => throw new AmazonClientException("nothing was found"));
        await Says(() => bucket.CallAsync(client => client.ListBucketsAsync(Token)), S3Failure.CredentialsMissing, "s3://bucket/runs", "AWS_ACCESS_KEY_ID", "AWS_PROFILE");
    }

    [Fact]
    public async Task Require_StoreThatDoesNotWork_IsTheUsersMistake()
    {
        using var store = new S3BlobStore(server.NoBucket());
        Assert.Contains("no-such-bucket", (await Assert.ThrowsAsync<UserErrorException>(() => store.RequireAsync(Token))).Message);
    }

    private static IEnumerable<Func<Task>> Operations(S3BlobStore store) =>
    [
        () => store.PutText("x", "y"), () => store.OpenReadAsync("x", Token), () => store.ListAsync("", Token),
        () => store.ExistsAsync("x", Token), () => store.DeleteAsync("x", Token), () => store.SweepAsync("", Token),
    ];

    private static async Task Says(Func<Task> operation, S3Failure failure, params string[] parts)
    {
        var error = await Assert.ThrowsAsync<S3StoreException>(operation);
        Assert.Equal(failure, error.Failure);
        Assert.All(parts, part => Assert.Contains(part, error.Message));
    }

    /// <summary>A port that was free a moment ago.</summary>
    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
