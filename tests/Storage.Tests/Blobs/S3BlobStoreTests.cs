using Amazon.S3.Model;
using Atelier.Storage.Blobs;
using Atelier.TestKit;

namespace Atelier.Storage.Tests.Blobs;

public sealed class S3BlobStoreTests : BlobStoreConformance, IDisposable
{
    /// <summary>Small, so that many requests are quick; the tests' server has no least size of a part.</summary>
    private static readonly S3Sizes Sizes = new(PartBytes: 200_000, BlockBytes: 70_000, PageKeys: 2);

    private readonly S3Server _server;
    private readonly S3Address _address;
    private readonly S3BlobStore _store;

    public S3BlobStoreTests(S3Server server)
    {
        _server = server;
        _address = server.NewBucket("runs/a");
        _store = new(_address) { Sizes = Sizes };
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    protected override IBlobStore Store => _store;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Put_LargerThanAPart_ReadsBackFromAnywhere()
    {
        var bytes = Random(2 * Sizes.PartBytes + 12345);
        await _store.PutBytes("large", bytes);
        await _store.PutBytes("exact", bytes[..(2 * Sizes.PartBytes)]);

        Assert.Equal(bytes, await _store.GetBytes("large"));
        Assert.Equal(bytes[..(2 * Sizes.PartBytes)], await _store.GetBytes("exact"));
        await using var stream = await _store.OpenReadAsync("large", Token);
        var range = new byte[1000];
        foreach (var position in new[] { bytes.Length - 1000, 5, Sizes.BlockBytes - 500, bytes.Length - 2000 })
        {
            stream.Seek(position, SeekOrigin.Begin);
            stream.ReadExactly(range);
            Assert.Equal(bytes[position..(position + 1000)], range);
        }

        stream.Seek(0, SeekOrigin.End);
        Assert.Equal(0, stream.Read(range));
        Assert.Empty(await UploadsAsync());
    }

    [Fact]
    public async Task Put_WriterFailsAfterParts_AbortsTheUpload()
    {
        var bytes = new byte[Sizes.PartBytes + 1];
        await Assert.ThrowsAsync<InvalidOperationException>(() => _store.PutAsync(
            "x",
            async (stream, token) =>
            {
                await stream.WriteAsync(bytes, token);
                Assert.Single(await UploadsAsync());
                throw new InvalidOperationException();
            },
            Token));
        Assert.Empty(await UploadsAsync());
        Assert.False(await _store.ExistsAsync("x", Token));
    }

    [Fact]
    public async Task Sweep_AfterAnUploadBrokeOff_AbortsItAndLeavesOthers()
    {
        await _store.PutText("snapshots/1", "old");
        await _server.CutAsync(_address, part: 2);
        try
        {
            var bytes = new byte[3 * Sizes.PartBytes];
            var error = await Assert.ThrowsAsync<S3StoreException>(() => _store.PutBytes("snapshots/1", bytes));
            Assert.Equal(S3Failure.Unreachable, error.Failure);
        }
        finally
        {
            await _server.HealAsync(_address);
        }

        using var beside = S3Buckets.Client(_address);
        await beside.InitiateMultipartUploadAsync(_address.Bucket, "runs/a/snapshots/2", Token);
        await beside.InitiateMultipartUploadAsync(_address.Bucket, "runs/a/snapshots/3", Token);
        await beside.InitiateMultipartUploadAsync(_address.Bucket, "runs/b/snapshots/1", Token);
        Assert.Equal(4, (await UploadsAsync()).Count);
        Assert.Equal("old", System.Text.Encoding.UTF8.GetString(await _store.GetBytes("snapshots/1")));

        await _store.SweepAsync("snapshots/", Token);

        Assert.Equal(["runs/b/snapshots/1"], (await UploadsAsync()).Select(upload => upload.Key));
        Assert.Equal(["snapshots/1"], await _store.ListAsync("", Token));
    }

    [Fact]
    public async Task OpenRead_LargeBlobIsReplaced_FailsInsteadOfMixing()
    {
        await _store.PutBytes("x", Random(Sizes.BlockBytes + 1));
        await using var stream = await _store.OpenReadAsync("x", Token);
        await _store.PutBytes("x", new byte[Sizes.BlockBytes + 1]);
        Assert.Contains("replaced", (await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[1], Token))).Message);
        await _store.DeleteAsync("x", Token);
        Assert.Contains("deleted", Assert.ThrowsAny<IOException>(() => stream.ReadByte()).Message);
    }

    [Fact]
    public async Task List_ObjectsOfOthers_AreLeftOut()
    {
        using var beside = S3Buckets.Client(_address);
        foreach (var key in new[] { "runs/a/.hidden", "runs/a b", "runs/ab", "runs/b/x" })
            await beside.PutObjectAsync(new PutObjectRequest { BucketName = _address.Bucket, Key = key, ContentBody = "x", UseChunkEncoding = false }, Token);
        await _store.PutText("mine", "x");
        Assert.Equal(["mine"], await _store.ListAsync("", Token));
    }

    [Fact]
    public async Task Address_AsText_OpensTheSameStore()
    {
        await _store.PutText("x", "here");
        var parsed = StoreLocation.Parse(_address.ToString());
        Assert.Equal(new StoreLocation.S3(_address), parsed);
        using var store = (S3BlobStore)parsed.Open();
        await store.RequireAsync(Token);
        Assert.Equal("here"u8.ToArray(), await store.GetBytes("x"));
    }

    private async Task<IReadOnlyList<MultipartUpload>> UploadsAsync()
    {
        using var beside = S3Buckets.Client(_address);
        return (await beside.ListMultipartUploadsAsync(_address.Bucket, Token)).MultipartUploads ?? [];
    }

    private static byte[] Random(int size)
    {
        var bytes = new byte[size];
        new Random(5).NextBytes(bytes);
        return bytes;
    }
}
