namespace Atelier.Storage.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private static readonly byte[] Half = "half of the new"u8.ToArray();

    private readonly TemporaryFolder _folder = new();

    private string[] Left => [.. Directory.EnumerateFiles(_folder.Path).Select(path => System.IO.Path.GetFileName(path)!)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WriteAllText_NewAndOld_ReplacesAndLeavesNothingElse()
    {
        AtomicFile.WriteAllText(_folder.File("run.json"), "first");
        AtomicFile.WriteAllText(_folder.File("run.json"), "ä");
        Assert.Equal("ä"u8.ToArray(), File.ReadAllBytes(_folder.File("run.json")));
        Assert.Equal(["run.json"], Left);
    }

    [Fact]
    public void Publish_OverAnOldFile_TakesItsPlace()
    {
        File.WriteAllText(_folder.File("x.partial"), "new");
        File.WriteAllText(_folder.File("x"), "old");

        AtomicFile.Publish(_folder.File("x.partial"), _folder.File("x"));

        Assert.Equal("new", File.ReadAllText(_folder.File("x")));
        Assert.Equal(["x"], Left);
    }

    [Fact]
    public void WriteAllText_MissingFolders_AreCreated()
    {
        AtomicFile.WriteAllText(_folder.File("a/b/c.txt"), "x");
        Assert.Equal("x", File.ReadAllText(_folder.File("a/b/c.txt")));
    }

    [Fact]
    public async Task WriteAsync_WriterFailsHalfway_OldStandsAndNothingIsLeft()
    {
        AtomicFile.WriteAllText(_folder.File("x"), "old");
        await Assert.ThrowsAsync<IOException>(() => AtomicFile.WriteAsync(
            _folder.File("x"),
            async (stream, token) =>
            {
                await stream.WriteAsync(Half, token);
                throw new IOException("broken");
            },
            CancellationToken.None));
        Assert.Equal("old", File.ReadAllText(_folder.File("x")));
        Assert.Equal(["x"], Left);
    }

    [Fact]
    public async Task WriteAsync_CancelledAfterWriting_OldStands()
    {
        AtomicFile.WriteAllText(_folder.File("x"), "old");
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAsync<OperationCanceledException>(() => AtomicFile.WriteAsync(
            _folder.File("x"),
            async (stream, _) =>
            {
                await stream.WriteAsync(Half, CancellationToken.None);
                await cancel.CancelAsync();
            },
            cancel.Token));
        Assert.Equal("old", File.ReadAllText(_folder.File("x")));
        Assert.Equal(["x"], Left);
    }

    [Fact]
    public async Task WriteAsync_WhileWriting_ReadersSeeTheOld()
    {
        AtomicFile.WriteAllText(_folder.File("x"), "old");
        await AtomicFile.WriteAsync(
            _folder.File("x"),
            async (stream, token) =>
            {
                await stream.WriteAsync(Half, token);
                await stream.FlushAsync(token);
                Assert.Equal("old", await File.ReadAllTextAsync(_folder.File("x"), token));
            },
            CancellationToken.None);
        Assert.Equal(Half, File.ReadAllBytes(_folder.File("x")));
    }

    [Fact]
    public void Sync_NoSuchDirectory_SaysWhichAndWhy()
    {
        var error = Assert.Throws<IOException>(() => Interop.DirectorySync.Sync(_folder.File("none")));
        Assert.Contains(_folder.File("none"), error.Message, StringComparison.Ordinal);
        Assert.Contains("No such file", error.Message, StringComparison.Ordinal);
    }
}
