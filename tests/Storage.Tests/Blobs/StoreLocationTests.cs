using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Blobs;

public class StoreLocationTests
{
    [Theory]
    [InlineData("runs/a")]
    [InlineData("/data/runs")]
    [InlineData("./s3")]
    public void Parse_Path_IsAFolder(string text)
    {
        var location = StoreLocation.Parse(text);
        Assert.Equal(new StoreLocation.Folder(text), location);
        Assert.Equal(text, location.ToString());
        Assert.IsType<FolderBlobStore>(location.Open());
    }

    [Theory]
    [InlineData("s3://bucket", "bucket", "", null, false, null)]
    [InlineData("s3://my.bucket-1/runs/a", "my.bucket-1", "runs/a", null, false, null)]
    [InlineData("s3://bucket/runs?region=eu-west-1", "bucket", "runs", null, false, "eu-west-1")]
    [InlineData("s3://bucket/runs?endpoint=http://minio:9000", "bucket", "runs", "http://minio:9000/", true, null)]
    [InlineData("s3://bucket?endpoint=https://s3.example.org&path-style=false&region=x", "bucket", "", "https://s3.example.org/", false, "x")]
    [InlineData("s3://bucket?path-style=true", "bucket", "", null, true, null)]
    public void Parse_S3_GivesItsPartsAndComesBack(string text, string bucket, string prefix, string? endpoint, bool pathStyle, string? region)
    {
        var location = S3Address.Parse(text);
        Assert.Equal(new S3Address(bucket, prefix, endpoint is null ? null : new(endpoint), pathStyle, region), location);
        Assert.Equal(new StoreLocation.S3(location), StoreLocation.Parse(location.ToString()));
    }

    [Fact]
    public void Parse_PrefixWithASlashAtItsEnd_IsTheSame() => Assert.Equal(S3Address.Parse("s3://bucket/runs"), S3Address.Parse("S3://bucket/runs/"));

    [Theory]
    [InlineData("", "the location is empty")]
    [InlineData(" ", "the location is empty")]
    [InlineData("gs://bucket/a", "s3://bucket/prefix", "endpoint=")]
    [InlineData("s3:/bucket/a", "two slashes")]
    [InlineData("s3://", "not a bucket name")]
    [InlineData("s3:///runs", "not a bucket name")]
    [InlineData("s3://Bucket/runs", "`Bucket`", "lower-case")]
    [InlineData("s3://ab", "`ab`", "3 to 63")]
    [InlineData("s3://bucket/a//b", "`a//b`", "single slashes")]
    [InlineData("s3://bucket/../up", "`../up`", "starting with a dot")]
    [InlineData("s3://bucket?endpont=http://x", "`endpont`", "Did you mean `endpoint`?")]
    [InlineData("s3://bucket?endpoint=minio:9000", "http://HOST:PORT")]
    [InlineData("s3://bucket?endpoint=http://a:b@minio", "http://HOST:PORT")]
    [InlineData("s3://bucket?endpoint=http://minio/path", "http://HOST:PORT")]
    [InlineData("s3://bucket?endpoint=", "endpoint has no value")]
    [InlineData("s3://bucket?region=a&region=b", "twice")]
    [InlineData("s3://bucket?region=a/b", "region")]
    [InlineData("s3://bucket?path-style=yes", "`yes`", "true or false")]
    public void Parse_Mistake_SaysWhatToChange(string text, params string[] parts)
    {
        var error = Assert.Throws<UserErrorException>(() => StoreLocation.Parse(text));
        Assert.All(parts, part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Parse_Credentials_AreRefusedAndNotRepeated()
    {
        var error = Assert.Throws<UserErrorException>(() => StoreLocation.Parse("s3://key:secret@bucket/runs"));
        Assert.Contains("AWS_ACCESS_KEY_ID", error.Message);
        Assert.DoesNotContain("secret@", error.Message);
    }
}
