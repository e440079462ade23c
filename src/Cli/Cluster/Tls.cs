using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;

namespace Atelier.Cli.Cluster;

/// <summary>Certificates from files, as servers and clients need them.</summary>
internal static class Tls
{
    /// <summary>A certificate with its key; null where neither is named.</summary>
    /// <exception cref="UserErrorException">One of the two is missing, or cannot be read, or the certificate has expired.</exception>
    public static X509Certificate2? Load(string? certificate, string? key, TimeProvider time)
    {
        if (certificate is null && key is null)
            return null;
        if (certificate is null || key is null)
            throw new UserErrorException($"{AccessOptions.Certificate} and {AccessOptions.Key} go together; {(certificate is null ? AccessOptions.Certificate : AccessOptions.Key)} is missing");
        var loaded = Read(certificate, () => X509Certificate2.CreateFromPemFile(certificate, key));
        if (loaded.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
            throw new UserErrorException($"the certificate {certificate} expired on {loaded.NotAfter:yyyy-MM-dd}; make another one (`atelier certs`)");
        return loaded;
    }

    /// <summary>Trust in one authority alone, and a certificate to show; null for the system's trust.</summary>
    /// <exception cref="UserErrorException">A file cannot be read.</exception>
    public static SslClientAuthenticationOptions? Trusting(string? authority, X509Certificate2? own = null)
    {
        if (authority is null && own is null)
            return null;
        var options = new SslClientAuthenticationOptions();
        if (own is not null)
            options.ClientCertificates = [own];
        if (authority is not null)
        {
            var trusted = Read(authority, () =>
            {
                var found = new X509Certificate2Collection();
                found.ImportFromPemFile(authority);
                return found;
            });
            options.TrustOnly([.. trusted]);
        }
        return options;
    }

    /// <summary>An authority's certificate; null for none.</summary>
    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    public static X509Certificate2? Authority(string? path) => path is null ? null : Read(path, () => X509CertificateLoader.LoadCertificateFromFile(path));

    private static T Read<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} cannot be used: {(File.Exists(path) ? e.Message : "there is no such file")}", e);
        }
    }
}
