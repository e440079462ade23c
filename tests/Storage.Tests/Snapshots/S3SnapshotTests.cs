using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;
using Atelier.Storage.Snapshots;
using Atelier.Storage.Tests.Blobs;
using Atelier.TestKit;

namespace Atelier.Storage.Tests.Snapshots;

/// <summary>Snapshots in a bucket.</summary>
public sealed class S3SnapshotTests : IDisposable
{
    /// <summary>Small, so that many requests are quick; the tests' server has no least size of a part.</summary>
    private static readonly S3Sizes Sizes = new(PartBytes: 200_000, BlockBytes: 70_000, PageKeys: 2);

    private readonly S3Server _server;
    private readonly S3Address _address;
    private readonly S3BlobStore _blobs;
    private readonly SnapshotStore _store;

    public S3SnapshotTests(S3Server server)
    {
        _server = server;
        _address = server.NewBucket("runs/faces");
        _blobs = new(_address) { Sizes = Sizes };
        _store = new(_blobs, TimeProvider.System);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _blobs.Dispose();

    [Fact]
    public async Task Write_ThenFlipAByte_TheOneBeforeIsUsed()
    {
        var (first, second) = (new SampleState(1), new SampleState(2));
        Assert.IsType<SnapshotWriteResult.Written>(await _store.WriteAsync(first.Content, first.Slices(3), Token));
        var newest = Assert.IsType<SnapshotWriteResult.Written>(await _store.WriteAsync(second.Content, second.Slices(2), Token)).Name;
        using (var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!)
            Assert.Equal(second.Content.StateSha256, SampleState.HashOf(snapshot));

        var slice = (await _blobs.ListAsync(SnapshotStore.FolderOf(newest) + "/", Token)).First(blob => blob.EndsWith(".safetensors", StringComparison.Ordinal));
        var bytes = await _blobs.GetBytes(slice);
        bytes[^1] ^= 1;
        await _blobs.PutBytes(slice, bytes);

        var search = await _store.OpenNewestAsync(Token);
        using var before = search.Snapshot!;
        Assert.Equal(first.Content.StateSha256, SampleState.HashOf(before));
        Assert.Equal(newest, Assert.Single(search.Refused).Name);
    }

    [Fact]
    public async Task Write_UploadBreaksOff_IsAResultAndTheOldSnapshotStands()
    {
        var old = new SampleState(1);
        await _store.WriteAsync(old.Content, old.Slices(1), Token);
        // A slice of more than two parts: the first arrives, the second does not.
        var section = new SnapshotSection("G.parameters", TensorDtype.F32, Sizes.PartBytes * 5 / 8);
        var content = new SampleState(2).Content with { Sections = [section] };
        SnapshotPartData[] parts = [SnapshotPartData.Whole(section, stream => stream.Write(new byte[section.Bytes]))];

        await _server.CutAsync(_address, part: 2);
        SnapshotWriteResult result;
        try
        {
            result = await _store.WriteAsync(content, [parts], Token);
        }
        finally
        {
            await _server.HealAsync(_address);
        }

        Assert.Contains("cannot reach", Assert.IsType<SnapshotWriteResult.Failed>(result).Reason);
        await _store.CleanAsync(Token);
        Assert.Equal("000001.000", Assert.Single(await _store.ListAsync(Token)).Name.ToString());
        Assert.IsType<SnapshotWriteResult.Written>(await _store.WriteAsync(content, [parts], Token));
        using var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal("000002.000", snapshot.Name.ToString());
    }
}
