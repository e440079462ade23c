using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;
using Atelier.Core.Access;

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

    /// <summary>The certificates of one authority, or of several while one takes the place of another; null where no file is named.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or has none.</exception>
    public static X509Certificate2Collection? Authorities(string? path) => path is null ? null : Read(path, () =>
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPemFile(path);
        return found.Count > 0 ? found : throw new CryptographicException("it has no certificate in PEM");
    });

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
