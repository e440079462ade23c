using System.Net;
using System.Net.Sockets;
using Atelier.Cli.Certificates;
using Atelier.Cli.Cluster;
using Atelier.Worker.Peers;

namespace Atelier.Cli.Commands;

/// <summary>Ranks of a benchmark that meet as workers on several hosts do: where each listens, and the certificates of all.</summary>
/// <param name="Addresses">HOST:PORT of each rank.</param>
/// <param name="Certificates">The folder with an authority and a certificate for all; null to speak no TLS.</param>
internal sealed record PeerWorld(IReadOnlyList<string> Addresses, string? Certificates)
{
    private const string AuthorityName = "ca";
    private const string RankName = "rank";
    private const char Separator = ',';
    private const char FolderSeparator = ';';

    /// <summary>Free ports of this machine, and certificates where they are wanted; the folder is the caller's to delete.</summary>
    public static PeerWorld Create(int ranks, bool isEncrypted) => new(FreeAddresses(ranks), isEncrypted ? MakeCertificates() : null);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static PeerWorld Parse(string text)
    {
        var parts = text.Split(FolderSeparator, 2);
        return new(parts[0].Split(Separator), parts.Length > 1 ? parts[1] : null);
    }

    /// <summary>Where each rank is reached.</summary>
    public IReadOnlyList<PeerAddress> Peers() => [.. Addresses.Select(address => PeerAddress.Parse($"{(Certificates is null ? "http" : "https")}://{address}"))];

    /// <summary>What each rank shows and trusts.</summary>
    public PeerSecurity Security()
    {
        if (Certificates is null)
            return PeerSecurity.None;
        var folder = new CertificateFolder(Certificates, force: false);
        return new(Tls.Load(folder.CertificateOf(RankName), folder.KeyOf(RankName), TimeProvider.System), Tls.Authorities(folder.CertificateOf(AuthorityName)), null);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(Separator, Addresses) + (Certificates is null ? "" : $"{FolderSeparator}{Certificates}");

    // All are held at once, so that they differ; each is taken again by the rank that it is for.
    private static List<string> FreeAddresses(int ranks)
    {
        var listeners = Enumerable.Range(0, ranks).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var addresses = listeners.Select(listener => $"{listener.LocalEndpoint}").ToList();
        listeners.ForEach(listener => listener.Dispose());
        return addresses;
    }

    private static string MakeCertificates()
    {
        string path = Directory.CreateTempSubdirectory("atelier-bench-").FullName;
        var (folder, now) = (new CertificateFolder(path, force: false), TimeProvider.System.GetUtcNow());
        using var authority = DevelopmentAuthority.Create(now);
        using var rank = authority.Issue(CertificateRole.Worker, RankName, [$"{IPAddress.Loopback}"], now);
        folder.Save(AuthorityName, authority.Certificate);
        folder.Save(RankName, rank);
        return path;
    }
}
