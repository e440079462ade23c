using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Tokens and certificates of a cluster on <see cref="VirtualHosts"/>, made as a person makes them.</summary>
/// <param name="folder">Where they are kept.</param>
internal sealed class Secrets(TemporaryFolder folder)
{
    /// <summary>The file with the token of people.</summary>
    public string PeopleToken => folder["people"];

    /// <summary>The file with the token of workers.</summary>
    public string WorkerToken => folder["workers"];

    /// <summary>Makes all that is needed.</summary>
    /// <param name="coordinators">Hosts with a coordinator, whose certificate is called <c>serverN</c>.</param>
    /// <param name="workers">Hosts with a worker, whose certificate is called <c>hostN</c>.</param>
    public void Make(int[] coordinators, int[] workers)
    {
        foreach (string role in (string[])["people", "workers"])
        {
            // Nobody else may read a token, or it is refused.
            File.WriteAllText(folder[role], $"{role}-{Guid.NewGuid():N}");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(folder[role], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        string[] output = ["--out", folder["certs"]];
        AtelierProcess.Run(["certs", "ca", .. output]).Succeeded();
        AtelierProcess.Run(["certs", "person", .. output]).Succeeded();
        foreach (int host in coordinators)
            AtelierProcess.Run(["certs", "server", "--name", $"server{host}", "--host", VirtualHosts.AddressOf(host), .. output]).Succeeded();
        foreach (int host in workers)
            AtelierProcess.Run(["certs", "worker", "--name", $"host{host}", "--host", VirtualHosts.AddressOf(host), .. output]).Succeeded();
    }

    /// <summary>Options of a coordinator on a host.</summary>
    public string[] OfCoordinator(int host) =>
    [
        "--tls-cert", Certificate($"server{host}"), "--tls-key", Key($"server{host}"), "--tls-ca", Certificate("ca"),
        "--token-file", PeopleToken, "--worker-token-file", WorkerToken,
    ];

    /// <summary>Options of a worker on a host.</summary>
    public string[] OfWorker(int host) =>
        ["--worker-token-file", WorkerToken, "--tls-ca", Certificate("ca"), "--tls-cert", Certificate($"host{host}"), "--tls-key", Key($"host{host}")];

    /// <summary>Options of a person.</summary>
    public string[] OfPerson => ["--token-file", PeopleToken, "--tls-ca", Certificate("ca"), "--tls-cert", Certificate("person"), "--tls-key", Key("person")];

    private string Certificate(string name) => Path.Combine(folder["certs"], $"{name}.crt");

    private string Key(string name) => Path.Combine(folder["certs"], $"{name}.key");
}
