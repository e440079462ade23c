using Atelier.Storage.Blobs;
using Atelier.Training.Metrics;
using Atelier.Training.Tests.Data;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Metrics;

public sealed class RealStatisticsCacheTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<string> _warnings = [];
    private int _computed;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Get_Again_IsRead()
    {
        var cache = Cache(_folder.Path);

        Assert.Equal(7, Get(cache, "a"));
        Assert.Equal(7, Get(Cache(_folder.Path), "a"));
        Assert.Equal(1, _computed);
        Get(cache, "b");
        Assert.Equal(2, _computed);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Get_SharedByAnother_IsFetched()
    {
        using var other = new TempFolder();
        var shared = new InMemoryBlobStore();
        var here = new RealStatisticsCache(_folder.Path, _warnings.Add, shared);
        var there = new RealStatisticsCache(other.Path, _warnings.Add, shared);
        Assert.False(there.Has("a"));

        Get(here, "a");

        Assert.True(there.Has("a"));
        Assert.Equal(7, Get(there, "a"));
        Assert.Equal(1, _computed);
    }

    [Fact]
    public async Task Has_OnlyHere_SharesIt()
    {
        Get(Cache(_folder.Path), "a");
        var shared = new InMemoryBlobStore();

        Assert.True(new RealStatisticsCache(_folder.Path, _warnings.Add, shared).Has("a"));

        Assert.Single(await shared.ListAsync(RealStatisticsCache.SharedFolder, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Get_DamagedFile_IsComputedAgainAndSaid()
    {
        var cache = Cache(_folder.Path);
        Get(cache, "a");
        File.WriteAllBytes(cache.PathOf("a"), [1, 2, 3]);

        Assert.Equal(7, Get(cache, "a"));
        Assert.Equal(2, _computed);
        Assert.Single(_warnings);
        Assert.Equal(7, Get(cache, "a"));
        Assert.Equal(2, _computed);
    }

    [Fact]
    public void Get_FolderThatCannotBeWritten_WarnsAndGoesOn()
    {
        var file = _folder.Write("file", [0]);

        Assert.Equal(7, Get(Cache(Path.Combine(file, "cache")), "a"));
        Assert.NotEmpty(_warnings);
    }

    [Fact]
    public void Get_FileThatCannotBeKept_WarnsAndGoesOn()
    {
        var cache = Cache(_folder.Path);
        Directory.CreateDirectory(cache.PathOf("a")); // no file can take this name: what a full disk comes to

        Assert.Equal(7, Get(cache, "a"));
        Assert.Contains(_warnings, warning => warning.Contains("could not write", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_SeveralAtOnce_OneComputes()
    {
        using var begun = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var first = Task.Run(
            () => Cache(_folder.Path).Get("a", () =>
            {
                begun.Set();
                release.Wait(TestContext.Current.CancellationToken);
                return Computed();
            }, TestContext.Current.CancellationToken)["x"].item<double>(),
            TestContext.Current.CancellationToken);
        begun.Wait(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(0, 3).Select(_ => Task.Run(() => Get(Cache(_folder.Path), "a"), TestContext.Current.CancellationToken)).ToList();
        release.Set();

        Assert.All(await Task.WhenAll([first, .. others]), value => Assert.Equal(7, value));
        Assert.Equal(1, _computed);
    }

    private RealStatisticsCache Cache(string folder) => new(folder, warning =>
    {
        lock (_warnings)
            _warnings.Add(warning);
    });

    private double Get(RealStatisticsCache cache, string key) => cache.Get(key, Computed, CancellationToken.None)["x"].item<double>();

    private Dictionary<string, Tensor> Computed()
    {
        Interlocked.Increment(ref _computed);
        return new Dictionary<string, Tensor> { ["x"] = tensor([7.0]) };
    }
}
