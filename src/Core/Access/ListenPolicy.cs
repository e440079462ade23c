using System.Globalization;
using System.Net;

namespace Atelier.Core.Access;

/// <summary>Where a process listens: a host and a port, or a Unix socket.</summary>
/// <param name="Host">An IP address, a name, or `*` for every interface; for a socket, its path.</param>
/// <param name="Port">The port, 0 for any free one; null for a Unix socket.</param>
public sealed record ListenAddress(string Host, int? Port)
{
    private const string SocketScheme = "unix:";

    /// <summary>Whether only this machine can reach it. A name other than `localhost` may resolve to anything, so it counts as reachable.</summary>
    public bool IsLoopback =>
        Port is null
        || Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>Reads `HOST:PORT`, `[IPv6]:PORT`, `*:PORT`, `PORT` alone (loopback) or `unix:PATH`.</summary>
    /// <exception cref="UserErrorException">It is none of these.</exception>
    public static ListenAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(SocketScheme, StringComparison.Ordinal))
            return text.Length > SocketScheme.Length ? new(text[SocketScheme.Length..], null) : throw Bad(text);
        var colon = text.LastIndexOf(':');
        var (host, port) = colon < 0 ? ("127.0.0.1", text) : (text[..colon], text[(colon + 1)..]);
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > IPEndPoint.MaxPort) throw Bad(text);
        if (host is ['[', .. var inner, ']'])
            return IPAddress.TryParse(inner, out _) && inner.Contains(':', StringComparison.Ordinal) ? new(inner, number) : throw Bad(text);
        if (host != "*" && Uri.CheckHostName(host) is not (UriHostNameType.IPv4 or UriHostNameType.Dns)) throw Bad(text);
        return new(host, number);
    }

    public override string ToString() =>
        Port is null ? SocketScheme + Host : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static UserErrorException Bad(string text) =>
        new($"`{text}` is not an address to listen on; use HOST:PORT as in 127.0.0.1:7070, [::1]:7070 or *:7070, or unix:PATH");
}

/// <summary>Whether a process may listen where it was told to: beyond loopback only with TLS and with a token for each role.</summary>
public sealed record ListenPolicy(bool HasCertificate, bool HasPeopleToken, bool HasWorkerToken)
{
    /// <exception cref="UserErrorException">Other machines could reach one of them unprotected; the message says what to pass.</exception>
    public void Require(IEnumerable<ListenAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        if (addresses.FirstOrDefault(address => !address.IsLoopback) is not { } open) return;
        var (lacks, pass) = (new List<string>(), new List<string>());
        if (!HasCertificate)
        {
            lacks.Add("TLS");
            pass.Add($"{AccessOptions.Certificate} FILE {AccessOptions.Key} FILE (`atelier certs` makes them)");
        }

        if (!HasPeopleToken) Lack(AccessRole.Person, "a user token");
        if (!HasWorkerToken) Lack(AccessRole.Worker, "a worker token");
        if (lacks.Count > 0)
            throw new UserErrorException(
                $"other machines can reach {open}, which requires {string.Join(" and ", lacks)}: pass {string.Join(" and ", pass)}, or listen only on 127.0.0.1");

        void Lack(AccessRole role, string what)
        {
            lacks.Add(what);
            pass.Add($"{AccessOptions.TokenFileOf(role)} FILE (or set {AccessOptions.TokenVariableOf(role)})");
        }
    }
}
