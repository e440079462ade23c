using Amazon.S3;
using Atelier.Storage.Blobs;
using Atelier.TestKit;

[assembly: AssemblyFixture(typeof(S3Server))]

namespace Atelier.Storage.Tests.Blobs;

/// <summary>Buckets of the local S3 server, for tests; they are skipped where there is none.</summary>
internal static class S3Buckets
{
    /// <summary>The address of a new bucket.</summary>
    /// <param name="server">The server.</param>
    /// <param name="prefix">The prefix in it.</param>
    public static S3Address NewBucket(this S3Server server, string prefix = "")
    {
        Assert.SkipWhen(server.WhyNot() is not null, server.WhyNot() ?? "");
        return server.MakeBucket(prefix);
    }

    /// <summary>The address of a bucket that is not there.</summary>
    public static S3Address NoBucket(this S3Server server) => server.NewBucket() with { Bucket = "no-such-bucket" };

    /// <summary>A client beside the store, for looking behind it.</summary>
    public static AmazonS3Client Client(S3Address address) => new(new AmazonS3Config
    {
        ServiceURL = address.Endpoint!.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1", RequestChecksumCalculation = Amazon.Runtime.RequestChecksumCalculation.WHEN_REQUIRED,
    });
}
