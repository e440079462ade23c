using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;

namespace Atelier.Cli.Certificates;

/// <summary>
/// A certificate authority for development and for clusters of one's own: keys on NIST P-256, signatures with SHA-256. It signs
/// no other authorities.
/// </summary>
/// <param name="certificate">Its certificate, with the private key.</param>
internal sealed class DevelopmentAuthority(X509Certificate2 certificate) : IDisposable
{
    /// <summary>Longer than any run or project that uses it.</summary>
    private static readonly TimeSpan AuthorityValidity = TimeSpan.FromDays(3650);

    /// <summary>The longest that browsers and Apple's libraries accept.</summary>
    private static readonly TimeSpan LeafValidity = TimeSpan.FromDays(825);

    /// <summary>The clocks of two machines may differ.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Makes an authority.</summary>
    /// <param name="now">The time from which it is valid.</param>
    public static DevelopmentAuthority Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The number keeps two authorities apart in a trust store that holds both.
        var request = new CertificateRequest(NameOf($"Atelier development CA {RandomNumberGenerator.GetHexString(8, lowercase: true)}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new(request.CreateSelfSigned(now - ClockSkew, now + AuthorityValidity));
    }

    /// <summary>Reads an authority that was made before.</summary>
    /// <param name="certificateFile">Its certificate in PEM.</param>
    /// <param name="keyFile">Its private key in PEM.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="UserErrorException">It cannot be read, is not an authority or has expired.</exception>
    public static DevelopmentAuthority Load(string certificateFile, string keyFile, DateTimeOffset now)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"the CA in {certificateFile} and {keyFile} cannot be read ({error.Message}); restore both files, or make a new CA with --force", error);
        }

        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            throw new UserErrorException($"{certificateFile} is not a CA certificate; name another folder, or make a new CA with --force");
        if (certificate.NotAfter < now.LocalDateTime)
            throw new UserErrorException($"the CA in {certificateFile} expired on {certificate.NotAfter:yyyy-MM-dd}; make a new one with --force");
        return new(certificate);
    }

    /// <summary>The authority's certificate.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>Makes a certificate.</summary>
    /// <param name="role">Whom it is for.</param>
    /// <param name="commonName">The name of whom it is for.</param>
    /// <param name="hosts">Host names and IP addresses under which it serves; none for a person.</param>
    /// <param name="now">The time from which it is valid.</param>
    /// <returns>The certificate with its private key.</returns>
    public X509Certificate2 Issue(CertificateRole role, string commonName, IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf(commonName), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(UsesOf(role), critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (hosts.Count > 0) request.CertificateExtensions.Add(NamesOf(hosts));
        var serial = RandomNumberGenerator.GetBytes(16);
        // The sign bit would make the number negative, which it must not be.
        serial[0] &= 0x7f;
        var until = now + LeafValidity;
        using var signed = request.Create(certificate, now - ClockSkew, until < certificate.NotAfter ? until : certificate.NotAfter, serial);
        return signed.CopyWithPrivateKey(key);
    }

    public void Dispose() => certificate.Dispose();

    private static X500DistinguishedName NameOf(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build();
    }

    private static OidCollection UsesOf(CertificateRole role)
    {
        var uses = new OidCollection();
        if (role != CertificateRole.Person) uses.Add(new(ServerAuthentication));
        // A coordinator is a client too: of its replicas.
        uses.Add(new(ClientAuthentication));
        return uses;
    }

    private static X509Extension NamesOf(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var ip)) names.AddIpAddress(ip);
            else names.AddDnsName(host);
        }

        return names.Build();
    }
}

/// <summary>Whom a certificate is for.</summary>
internal enum CertificateRole
{
    /// <summary>The coordinator: a TLS server.</summary>
    Server,

    /// <summary>A worker: a TLS client of the coordinator, and a server and client towards other workers.</summary>
    Worker,

    /// <summary>A person: a TLS client.</summary>
    Person,
}
