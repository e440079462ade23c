using System.CommandLine;
using Atelier.Cli.Certificates;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier certs</c>: a development authority, and certificates for servers, workers and people.</summary>
internal static class CertsCommand
{
    private const string AuthorityName = "ca";

    private static readonly string[] LocalHosts = ["localhost", "127.0.0.1", "::1"];

    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "folder for certificates and keys", DefaultValueFactory = _ => "certs" };
        var force = new Option<bool>("--force") { Description = "replace existing files" };
        var command = new Command("certs", "Make a development CA, and TLS certificates for servers, workers and users")
        {
            Authority(output, force),
            Leaf(CertificateRole.Server, "Make a certificate for a coordinator, for given host names and IP addresses", output, force),
            Leaf(CertificateRole.Worker, "Make a certificate for a worker, for given host names and IP addresses", output, force),
            Leaf(CertificateRole.Person, "Make a certificate for a user", output, force),
        };
        return command;
    }

    private static Command Authority(Option<string> output, Option<bool> force)
    {
        var command = new Command("ca", "Make the CA that signs the other certificates") { output, force };
        command.SetAction(parsed =>
        {
            var folder = new CertificateFolder(parsed.GetValue(output)!, parsed.GetValue(force));
            folder.RequireFree(AuthorityName);
            using var authority = DevelopmentAuthority.Create(TimeProvider.System.GetUtcNow());
            folder.Save(AuthorityName, authority.Certificate);
            Console.WriteLine($"{folder.CertificateOf(AuthorityName)}: CA certificate, valid until {authority.Certificate.NotAfter:yyyy-MM-dd}; give it to every server, worker and user ({AccessOptions.Authority})");
            Console.WriteLine($"{folder.KeyOf(AuthorityName)}: CA key, which signs further certificates; keep it here, and keep it secret");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Leaf(CertificateRole role, string description, Option<string> output, Option<bool> force)
    {
        var kind = KindOf(role);
        var name = new Option<string>("--name") { Description = "name of the owner, also used for the file names", DefaultValueFactory = _ => kind };
        var hosts = new Option<string[]>("--host") { Description = "host name, *.DOMAIN or IP address at which it is reached, besides this machine's; repeatable" };
        var command = new Command(kind, description) { name, output, force };
        if (role != CertificateRole.Person) command.Add(hosts);
        command.SetAction(parsed => Issue(
            role, parsed.GetValue(name)!, role == CertificateRole.Person ? [] : [.. LocalHosts.Concat(parsed.GetValue(hosts) ?? []).Distinct(StringComparer.OrdinalIgnoreCase)], parsed.GetValue(output)!, parsed.GetValue(force)));
        return command;
    }

    private static int Issue(CertificateRole role, string name, IReadOnlyList<string> hosts, string path, bool force)
    {
        if (!FleetName.IsValid(name) || name == AuthorityName)
            throw new UserErrorException($"--name `{name}` cannot be used: use lower-case letters, digits, `.`, `_` and `-`; `{AuthorityName}` is reserved for the CA");
        foreach (var host in hosts)
            // `*.example` is for all hosts of a domain, as pods have them.
            if (Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
                throw new UserErrorException($"--host `{host}` is neither a host name nor an IP address; leave out scheme and port");
        var (folder, now) = (new CertificateFolder(path, force), TimeProvider.System.GetUtcNow());
        if (!folder.Has(AuthorityName))
            throw new UserErrorException($"{path} has no CA; make one with `atelier certs ca --out {path}`");
        folder.RequireFree(name);
        using var authority = DevelopmentAuthority.Load(folder.CertificateOf(AuthorityName), folder.KeyOf(AuthorityName), now);
        using var certificate = authority.Issue(role, name, hosts, now);
        folder.Save(name, certificate);
        Console.WriteLine($"{folder.CertificateOf(name)}: valid until {certificate.NotAfter:yyyy-MM-dd}{(hosts.Count > 0 ? $" for {string.Join(", ", hosts)}" : "")}");
        Console.WriteLine($"{folder.KeyOf(name)}: private key; keep it secret");
        Console.WriteLine($"the {UserOf(role)} takes {AccessOptions.Certificate} {folder.CertificateOf(name)} {AccessOptions.Key} {folder.KeyOf(name)} {AccessOptions.Authority} {folder.CertificateOf(AuthorityName)}");
        return ExitCode.Success;
    }

    private static string KindOf(CertificateRole role) => role switch
    {
        CertificateRole.Server => "server",
        CertificateRole.Worker => "worker",
        CertificateRole.Person => "person",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Unknown role."),
    };

    private static string UserOf(CertificateRole role) => role switch
    {
        CertificateRole.Server => "coordinator",
        CertificateRole.Worker => "worker",
        _ => "user's client",
    };
}
