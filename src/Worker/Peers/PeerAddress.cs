using System.Globalization;
using System.Net;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;

namespace Atelier.Worker.Peers;

/// <summary>Where other workers reach one: <c>https://host:port</c>, <c>http://host:port</c> on this machine alone, or <c>unix:/path</c>.</summary>
public sealed record PeerAddress
{
    private const string UnixScheme = "unix:";

    private PeerAddress(Uri? uri, UnixSocketPath? unix) => (Uri, Unix) = (uri, unix);

    /// <summary>The address of TCP; null for a Unix socket.</summary>
    internal Uri? Uri { get; }

    /// <summary>The Unix socket; null for TCP.</summary>
    internal UnixSocketPath? Unix { get; }

    /// <summary>Whether TLS is spoken there.</summary>
    public bool IsEncrypted => Uri?.Scheme == Uri.UriSchemeHttps;

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="UserErrorException">It is no address, or one of another machine without TLS, to which a token would go in the clear.</exception>
    public static PeerAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(UnixScheme, StringComparison.Ordinal))
            return new PeerAddress(null, new UnixSocketPath(text[UnixScheme.Length..]));
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp) || uri.PathAndQuery != "/")
            throw new UserErrorException($"`{text}` is not a worker address; use one such as https://host:5000, http://127.0.0.1:5000 or unix:/tmp/peer");
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback)
            throw new UserErrorException($"`{text}` is on another machine, which requires TLS; use https://{uri.Authority}");
        return new PeerAddress(uri, null);
    }

    /// <inheritdoc/>
    public override string ToString() => Uri is null ? UnixScheme + Unix : $"{Uri.Scheme}://{Uri.Authority}";

    /// <summary>Where one is reached that listens.</summary>
    /// <param name="listen">Where it was told to listen.</param>
    /// <param name="host">The name that others know this machine by; null for the one it listens at.</param>
    /// <param name="port">The port that it has.</param>
    /// <param name="isEncrypted">Whether it speaks TLS.</param>
    internal static PeerAddress Of(ListenAddress listen, string? host, int port, bool isEncrypted)
    {
        if (listen.Port is null)
            return new PeerAddress(null, new UnixSocketPath(listen.Host));
        var any = listen.Host == "*" || (IPAddress.TryParse(listen.Host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
        var name = host ?? (any ? Dns.GetHostName() : listen.Host);
        var bracketed = name.Contains(':', StringComparison.Ordinal) ? $"[{name}]" : name;
        return Parse(string.Create(CultureInfo.InvariantCulture, $"{(isEncrypted ? "https" : "http")}://{bracketed}:{port}"));
    }
}
