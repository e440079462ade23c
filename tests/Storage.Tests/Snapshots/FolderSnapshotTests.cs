using System.Diagnostics;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;

namespace Atelier.Storage.Tests.Snapshots;

/// <summary>Snapshots on real file systems.</summary>
public sealed class FolderSnapshotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_Folder_IsReadableAndUnderItsName()
    {
        var store = new SnapshotStore(new FolderBlobStore(_folder.Path), TimeProvider.System);
        var state = new SampleState(200);
        await store.WriteAsync(state.Content, state.Slices(2), Token);
        Assert.True(File.Exists(_folder.File("snapshots/000200.000/manifest.json")));
        using var snapshot = (await store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
    }

    [Fact]
    public async Task DeleteEvaluations_AWriterDied_LeavesNothing()
    {
        var blobs = new FolderBlobStore(_folder.Path);
        var snapshot = SnapshotName.TryParse("000200.000")!;
        await blobs.PutAsync($"{EvaluationFolder.Of(snapshot)}rows/0", (stream, token) => stream.WriteAsync(new byte[8], token).AsTask(), Token);
        await File.WriteAllTextAsync(_folder.File($"{EvaluationFolder.Of(snapshot)}rows/1.5{AtomicFile.UnfinishedSuffix}"), "half", Token);
        await EvaluationFolder.DeleteAsync(blobs, snapshot, Token);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Write_ReallyFullDisk_IsAResultAndTheOldSnapshotStands()
    {
        var mount = _folder.File("small");
        Directory.CreateDirectory(mount);
        if (!await Succeeds("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount)) Assert.Skip("Mounting a small file system is not permitted here.");
        try
        {
            var store = new SnapshotStore(new FolderBlobStore(mount), TimeProvider.System);
            var results = new List<SnapshotWriteResult>();
            for (var kimg = 1; kimg <= 20 && results.LastOrDefault() is not SnapshotWriteResult.Failed; kimg++)
            {
                var state = new SampleState(kimg);
                results.Add(await store.WriteAsync(state.Content, state.Slices(2), Token));
            }

            var failed = Assert.IsType<SnapshotWriteResult.Failed>(results[^1]);
            Assert.True(failed.IsDiskFull, failed.Reason);
            using var newest = (await store.OpenNewestAsync(Token)).Snapshot!;
            Assert.Equal(results[^2].Name, newest.Name);
            Assert.Equal(results.Count - 1, (await store.ListAsync(Token)).Count);
            Assert.False(Directory.Exists(Path.Combine(mount, SnapshotStore.FolderOf(failed.Name))));
        }
        finally
        {
            Assert.True(await Succeeds("umount", mount));
        }
    }

    [Fact]
    public async Task Write_ReadOnlyFolder_IsAResult()
    {
        File.WriteAllText(_folder.File("snapshots"), "a file where the folder should be");
        var state = new SampleState(1);
        var result = await new SnapshotStore(new FolderBlobStore(_folder.Path), TimeProvider.System).WriteAsync(state.Content, state.Slices(1), Token);
        Assert.False(Assert.IsType<SnapshotWriteResult.Failed>(result).IsDiskFull);
    }

    private static async Task<bool> Succeeds(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync(Token);
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
