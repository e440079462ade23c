using Atelier.Storage.Blobs;

namespace Atelier.Storage.Tests.Blobs;

/// <summary>What every store must do; a class per store runs it.</summary>
public abstract class BlobStoreConformance
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract IBlobStore Store { get; }

    [Fact]
    public async Task Put_ThenRead_GivesTheBytes()
    {
        await Put("a/b.txt", "hello");
        Assert.Equal("hello", await Get("a/b.txt"));
        Assert.True(await Store.ExistsAsync("a/b.txt", Token));
        Assert.False(await Store.ExistsAsync("a/c.txt", Token));
        Assert.False(await Store.ExistsAsync("a", Token));
    }

    [Fact]
    public async Task Put_Twice_Replaces()
    {
        await Put("x", "a longer first");
        await Put("x", "second");
        Assert.Equal("second", await Get("x"));
    }

    [Fact]
    public async Task Put_WriterFails_ChangesNothing()
    {
        await Put("x", "old");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Failing("x"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Failing("new/y"));
        Assert.Equal("old", await Get("x"));
        Assert.Equal(["x"], await Store.ListAsync("", Token));
        Assert.False(await Store.ExistsAsync("new/y", Token));

        Task Failing(string name) => Store.PutAsync(
            name,
            async (stream, token) =>
            {
                await stream.WriteAsync(new byte[10], token);
                throw new InvalidOperationException();
            },
            Token);
    }

    [Fact]
    public async Task Put_WhileWriting_IsNotSeen()
    {
        await Store.PutAsync(
            "x/y",
            async (stream, token) =>
            {
                await stream.WriteAsync(new byte[10], token);
                await stream.FlushAsync(token);
                Assert.False(await Store.ExistsAsync("x/y", token));
                Assert.Empty(await Store.ListAsync("", token));
            },
            Token);
        Assert.Equal(["x/y"], await Store.ListAsync("", Token));
    }

    [Fact]
    public async Task Put_Cancelled_ChangesNothing()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAsync<OperationCanceledException>(() => Store.PutAsync("x", (_, _) => cancel.CancelAsync(), cancel.Token));
        Assert.False(await Store.ExistsAsync("x", Token));
    }

    [Fact]
    public async Task OpenRead_Opened_IsSeekableAndOutlivesReplacement()
    {
        await Put("x", "0123456789");
        await using var stream = await Store.OpenReadAsync("x", Token);
        await Put("x", "other");
        Assert.Equal(10, stream.Length);
        stream.Position = 4;
        Assert.Equal('4', stream.ReadByte());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("no/folder/here")]
    public async Task OpenRead_Missing_ThrowsFileNotFound(string name) =>
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.OpenReadAsync(name, Token));

    [Fact]
    public async Task List_Prefix_GivesThoseBelowItInOrdinalOrder()
    {
        foreach (var name in new[] { "b", "a/2", "a/10", "a/Z", "a/sub/1", "ab" }) await Put(name, "");
        Assert.Equal(["a/10", "a/2", "a/Z", "a/sub/1"], await Store.ListAsync("a/", Token));
        Assert.Equal(["a/10", "a/2", "a/Z", "a/sub/1", "ab", "b"], await Store.ListAsync("", Token));
        Assert.Empty(await Store.ListAsync("none/", Token));
    }

    [Fact]
    public async Task Delete_OneOfTwo_LeavesTheOther()
    {
        await Put("a/1", "x");
        await Put("a/2", "y");
        await Store.DeleteAsync("a/1", Token);
        await Store.DeleteAsync("a/1", Token);
        await Store.DeleteAsync("no/such", Token);
        Assert.Equal(["a/2"], await Store.ListAsync("", Token));
        await Store.DeleteAsync("a/2", Token);
        Assert.Empty(await Store.ListAsync("", Token));
        await Put("a", "a name that was a folder");
        Assert.Equal(["a"], await Store.ListAsync("", Token));
    }

    [Fact]
    public async Task Put_ManyAtOnce_AreAllThere()
    {
        await Parallel.ForAsync(0, 50, Token, async (i, _) => await Put($"many/{i % 10}", $"{i % 10}"));
        Assert.Equal(10, (await Store.ListAsync("many/", Token)).Count);
        for (var i = 0; i < 10; i++) Assert.Equal($"{i}", await Get($"many/{i}"));
    }

    [Fact]
    public async Task Sweep_NothingInterrupted_DeletesNothing()
    {
        await Put("a/1", "x");
        await Store.SweepAsync("", Token);
        await Store.SweepAsync("none/", Token);
        Assert.Equal("x", await Get("a/1"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../up")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("x.tmp")]
    public async Task Names_OutsideTheRules_AreRefusedEverywhere(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Put(name, ""));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenReadAsync(name, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ExistsAsync(name, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(name, Token));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("../")]
    [InlineData("/")]
    public async Task Prefixes_OutsideTheRules_AreRefusedEverywhere(string prefix)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ListAsync(prefix, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.SweepAsync(prefix, Token));
    }

    private Task Put(string name, string text) => Store.PutText(name, text);

    private async Task<string> Get(string name)
    {
        using var reader = new StreamReader(await Store.OpenReadAsync(name, Token));
        return await reader.ReadToEndAsync(Token);
    }
}
