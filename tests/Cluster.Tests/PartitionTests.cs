using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Two hosts, between them TLS with certificates on both sides and tokens, and a cable that is pulled.</summary>
public sealed class PartitionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Run_OnHostsThatAreCutApart_GoesOnToTheSameState()
    {
        using var hosts = TwoHosts.TryCreate();
        Assert.SkipWhen(hosts is null, "network namespaces cannot be made here (no iproute2, not root, or the kernel does not allow them)");
        TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);
        MakeSecrets();
        string coordinator = $"https://{TwoHosts.AddressOf(1)}:7070";
        string[] call = ["--coordinator", coordinator, "--token-file", _folder["people"], "--tls-ca", Certificate("ca"), "--tls-cert", Certificate("person"), "--tls-key", Key("person")];
        using var leader = hosts.Start(
            1, "coordinator", "--listen", $"{TwoHosts.AddressOf(1)}:7070", "--database", _folder["c.db"], "--lease", "3",
            "--tls-cert", Certificate("server"), "--tls-key", Key("server"), "--tls-ca", Certificate("ca"), "--token-file", _folder["people"], "--worker-token-file", _folder["workers"]);
        using var near = hosts.Start(1, Worker(1, coordinator));
        using var far = hosts.Start(2, Worker(2, coordinator));
        Assert.True(near.WaitForLines(1, IsAttached) && far.WaitForLines(1, IsAttached));
        using (var submit = hosts.Start(1, ["submit", "faces", .. call, "--data", _folder["data"], "--out", _folder["run"], "--recipe", "config-f", .. Keys(), "--kimg", "1000"]))
            submit.WaitForExit().Succeeded();
        using var watch = hosts.Start(1, ["watch", "faces", .. call]);
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("on 2 workers", StringComparison.Ordinal)));

        hosts.Connect(false);
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("host2 was lost", StringComparison.Ordinal)));
        Assert.True(watch.WaitForLines(1, line => line.EndsWith("on 1 worker", StringComparison.Ordinal)));
        hosts.Connect(true);
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
        "worker", "--name", $"host{host}", "--coordinator", coordinator, "--lanes", "1", "--listen", $"{TwoHosts.AddressOf(host)}:7071",
        "--worker-token-file", _folder["workers"], "--tls-ca", Certificate("ca"), "--tls-cert", Certificate($"host{host}"), "--tls-key", Key($"host{host}"),
    ];

    private void MakeSecrets()
    {
        foreach (string role in (string[])["people", "workers"])
        {
            // Nobody else may read a token, or it is refused.
            File.WriteAllText(_folder[role], $"{role}-{Guid.NewGuid():N}");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(_folder[role], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        string[] output = ["--out", _folder["certs"]];
        AtelierProcess.Run(["certs", "ca", .. output]).Succeeded();
        AtelierProcess.Run(["certs", "person", .. output]).Succeeded();
        AtelierProcess.Run(["certs", "server", "--host", TwoHosts.AddressOf(1), .. output]).Succeeded();
        foreach (int host in (int[])[1, 2])
            AtelierProcess.Run(["certs", "worker", "--name", $"host{host}", "--host", TwoHosts.AddressOf(host), .. output]).Succeeded();
    }

    private string Certificate(string name) => Path.Combine(_folder["certs"], $"{name}.crt");

    private string Key(string name) => Path.Combine(_folder["certs"], $"{name}.key");
}
