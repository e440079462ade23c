using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Two hosts, between them TLS with certificates on both sides and tokens, and a cable that is pulled.</summary>
public sealed class PartitionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Secrets _secrets;

    public PartitionTests() => _secrets = new Secrets(_folder);

    [Fact]
    public void Run_OnHostsThatAreCutApart_GoesOnToTheSameState()
    {
        using var hosts = VirtualHosts.TryCreate(2);
        Assert.SkipWhen(hosts is null, "network namespaces cannot be made here (no iproute2, not root, or the kernel does not allow them)");
        TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);
        _secrets.Make([1], [1, 2]);
        string coordinator = $"https://{VirtualHosts.AddressOf(1)}:7070";
        string[] call = ["--coordinator", coordinator, .. _secrets.OfPerson];
        using var leader = hosts.Start(
            1, ["coordinator", "--listen", $"{VirtualHosts.AddressOf(1)}:7070", "--database", _folder["c.db"], "--lease", "3", .. _secrets.OfCoordinator(1)]);
        using var near = hosts.Start(1, Worker(1, coordinator));
        using var far = hosts.Start(2, Worker(2, coordinator));
        Assert.True(near.WaitForLines(1, IsAttached) && far.WaitForLines(1, IsAttached));
        using (var submit = hosts.Start(1, ["submit", "faces", .. call, "--data", _folder["data"], "--out", _folder["run"], "--recipe", "config-f", .. Keys(), "--kimg", "1000"]))
            submit.WaitForExit().Succeeded();
        using var watch = hosts.Start(1, ["watch", "faces", .. call]);
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("on 2 workers", StringComparison.Ordinal)));

        hosts.Connect(2, false);
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("host2 was lost", StringComparison.Ordinal)));
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("on 1 worker", StringComparison.Ordinal)));
        hosts.Connect(2, true);
        Assert.True(watch.WaitForLines(2, line => line.EndsWith("on 2 workers", StringComparison.Ordinal)));
        using (var pause = hosts.Start(1, ["pause", "faces", .. call]))
            pause.WaitForExit().Succeeded();
        Assert.True(watch.WaitForLines(1, line => line.Contains("is paused", StringComparison.Ordinal)));

        var newest = AtelierProcess.Run("snapshots", _folder["run"], "--json").Succeeded().Json.Single().EnumerateArray().Last();
        int images = (int)Math.Round(newest.GetProperty("kimg").GetDouble() * 1000);
        Assert.Equal(
            AtelierProcess.Run(TinyRun.Train(_folder["data"], _folder["alone"], images)).Succeeded().StateSha256, newest.GetProperty("state_sha256").GetString());
    }

    public void Dispose() => _folder.Dispose();

    private static bool IsAttached(string line) => line.StartsWith("attached", StringComparison.Ordinal);

    private static string[] Keys() => TinyRun.Set([.. SmallRun.Keys, "tick-kimg=0.8", "snapshot-kimg=4"]);

    private string[] Worker(int host, string coordinator) =>
    [
        "worker", "--name", $"host{host}", "--coordinator", coordinator, "--lanes", "1", "--listen", $"{VirtualHosts.AddressOf(host)}:7071", .. _secrets.OfWorker(host),
    ];
}
