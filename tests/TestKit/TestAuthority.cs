using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Atelier.TestKit;

/// <summary>A certificate authority of one test, and certificates of it for this machine.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly List<X509Certificate2> _issued = [];

    /// <summary>Makes an authority that is valid from two years ago on.</summary>
    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=an authority of a test {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        Certificate = request.CreateSelfSigned(Now.AddYears(-2), Now.AddYears(1));
    }

    /// <summary>Its own certificate.</summary>
    public X509Certificate2 Certificate { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A certificate of <c>localhost</c> and <c>127.0.0.1</c>, with its key; disposed with the authority.</summary>
    public X509Certificate2 Valid() => Issue(Now.AddDays(-1), Now.AddMonths(1));

    /// <summary>One that was valid until yesterday.</summary>
    public X509Certificate2 Expired() => Issue(Now.AddYears(-1), Now.AddDays(-1));

    /// <summary>Writes certificates in PEM, with the key where there is one.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="path">Becomes the certificate's file; the key's ends with <c>.key</c> instead.</param>
    public static void Write(X509Certificate2 certificate, string path)
    {
        File.WriteAllText(path, certificate.ExportCertificatePem());
        if (certificate.GetECDsaPrivateKey() is not { } key)
            return;
        using (key)
            File.WriteAllText(Path.ChangeExtension(path, ".key"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _issued.ForEach(certificate => certificate.Dispose());
        Certificate.Dispose();
    }

    private X509Certificate2 Issue(DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        using var signed = request.Create(Certificate, from, until, RandomNumberGenerator.GetBytes(8));
        var issued = signed.CopyWithPrivateKey(key);
        _issued.Add(issued);
        return issued;
    }
}
