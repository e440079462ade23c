using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Blobs;

public sealed class FolderBlobStoreTests : BlobStoreConformance, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FolderBlobStoreTests() => Store = new FolderBlobStore(_folder.File("run"));

    protected override IBlobStore Store { get; }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Sweep_AfterADeadWriter_DeletesItsFileAndEmptyFolder()
    {
        await Store.PutText("snapshots/1/kept", "x");
        Directory.CreateDirectory(_folder.File("run/snapshots/2"));
        File.WriteAllText(_folder.File("run/snapshots/1/slice.0123.tmp"), "half");
        File.WriteAllText(_folder.File("run/snapshots/2/slice.4567.tmp"), "half");
        Assert.Equal(["snapshots/1/kept"], await Store.ListAsync("", CancellationToken.None));

        await Store.SweepAsync("snapshots/", CancellationToken.None);

        Assert.Equal([_folder.File("run/snapshots/1/kept")], Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(_folder.File("run/snapshots/2")));
    }
}
