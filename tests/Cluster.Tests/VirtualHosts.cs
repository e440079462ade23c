using System.Diagnostics;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Network namespaces, each with a cable to one switch: hosts, as far as a network goes.</summary>
internal sealed class VirtualHosts : IDisposable
{
    private readonly string _id;
    private readonly int _count;

    private VirtualHosts(string id, int count) => (_id, _count) = (id, count);

    /// <summary>The address of a host, from 1 on.</summary>
    public static string AddressOf(int host) => $"10.213.7.{host}";

    /// <summary>Makes them; null where the kernel or the user's rights do not allow it.</summary>
    /// <param name="count">How many.</param>
    public static VirtualHosts? TryCreate(int count)
    {
        var hosts = new VirtualHosts(Guid.NewGuid().ToString("N")[..6], count);
        string[][] steps =
        [
            ["netns", "add", hosts.Switch],
            ["-n", hosts.Switch, "link", "add", "bridge", "type", "bridge"],
            ["-n", hosts.Switch, "link", "set", "bridge", "up"],
            .. Enumerable.Range(1, count).SelectMany<int, string[]>(host =>
            [
                ["netns", "add", hosts.Name(host)],
                ["link", "add", hosts.Plug(host), "netns", hosts.Switch, "type", "veth", "peer", "name", hosts.Cable(host), "netns", hosts.Name(host)],
                ["-n", hosts.Switch, "link", "set", hosts.Plug(host), "master", "bridge", "up"],
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

    /// <summary>Pulls a host's cable, or plugs it in.</summary>
    public void Connect(int host, bool isConnected) => Assert.True(Ip(["-n", Switch, "link", "set", Plug(host), isConnected ? "up" : "down"]));

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int host = 1; host <= _count; host++)
            Ip(["netns", "del", Name(host)]);
        Ip(["netns", "del", Switch]);
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

    private string Switch => $"atelier-{_id}-switch";

    private string Name(int host) => $"atelier-{_id}-{host}";

    private string Cable(int host) => $"v{_id}{host}";

    private string Plug(int host) => $"p{_id}{host}";
}
