using System.Diagnostics;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Two network namespaces with a cable between them: hosts, as far as a network goes.</summary>
internal sealed class TwoHosts : IDisposable
{
    private readonly string _id;

    private TwoHosts(string id) => _id = id;

    /// <summary>The address of a host, 1 or 2.</summary>
    public static string AddressOf(int host) => $"10.213.7.{host}";

    /// <summary>Makes them; null where the kernel or the user's rights do not allow it.</summary>
    public static TwoHosts? TryCreate()
    {
        var hosts = new TwoHosts(Guid.NewGuid().ToString("N")[..6]);
        string[][] steps =
        [
            ["netns", "add", hosts.Name(1)],
            ["netns", "add", hosts.Name(2)],
            ["link", "add", hosts.Cable(1), "netns", hosts.Name(1), "type", "veth", "peer", "name", hosts.Cable(2), "netns", hosts.Name(2)],
            .. new[] { 1, 2 }.SelectMany<int, string[]>(host =>
            [
                ["-n", hosts.Name(host), "addr", "add", $"{AddressOf(host)}/24", "dev", hosts.Cable(host)],
                ["-n", hosts.Name(host), "link", "set", "lo", "up"],
                ["-n", hosts.Name(host), "link", "set", hosts.Cable(host), "up"],
            ]),
        ];
        if (steps.All(Ip))
            return hosts;
        hosts.Dispose();
        return null;
    }

    /// <summary>Starts a command on a host.</summary>
    public AtelierProcess Start(int host, params IEnumerable<string> arguments) => AtelierProcess.Start(arguments, "ip", "netns", "exec", Name(host));

    /// <summary>Pulls the cable, or plugs it in.</summary>
    public void Connect(bool isConnected) => Assert.True(Ip(["-n", Name(2), "link", "set", Cable(2), isConnected ? "up" : "down"]));

    /// <inheritdoc/>
    public void Dispose()
    {
        Ip(["netns", "del", Name(1)]);
        Ip(["netns", "del", Name(2)]);
    }

    private static bool Ip(string[] arguments)
    {
        try
        {
            using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            ip.StandardError.ReadToEnd();
            ip.WaitForExit();
            return ip.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // no iproute2
        }
    }

    private string Name(int host) => $"atelier-{_id}-{host}";

    private string Cable(int host) => $"v{_id}{host}";
}
