using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;

namespace Atelier.Cli.Certificates;

/// <summary>Certificates and private keys as files in PEM: <c>NAME.crt</c> for all to read, <c>NAME.key</c> for the owner alone.</summary>
/// <param name="path">The folder.</param>
/// <param name="force">Whether files that are there may be replaced.</param>
internal sealed class CertificateFolder(string path, bool force)
{
    private const UnixFileMode KeyMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string CertificateOf(string name) => Path.Combine(path, $"{name}.crt");

    public string KeyOf(string name) => Path.Combine(path, $"{name}.key");

    /// <summary>Whether anything of a name is there.</summary>
    public bool Has(string name) => File.Exists(CertificateOf(name)) || File.Exists(KeyOf(name));

    /// <summary>Checks, before anything is written, that a name is free or may be replaced.</summary>
    /// <exception cref="UserErrorException">It is taken.</exception>
    public void RequireFree(string name)
    {
        if (Has(name) && !force)
            throw new UserErrorException($"{(File.Exists(KeyOf(name)) ? KeyOf(name) : CertificateOf(name))} already exists, and replacing it locks out everyone who uses it; pass --force to replace it, or choose another --name or --out");
    }

    /// <summary>Writes a certificate and its private key.</summary>
    public void Save(string name, X509Certificate2 certificate)
    {
        RequireFree(name);
        Directory.CreateDirectory(path);
        using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("The certificate has no private key.", nameof(certificate));
        // Old halves go first: a crash in between leaves nothing that looks like a pair but is not one.
        File.Delete(KeyOf(name));
        File.Delete(CertificateOf(name));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        // From the first byte on, not by a change afterwards.
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = KeyMode;
        using (var file = new StreamWriter(KeyOf(name), options)) file.WriteLine(key.ExportPkcs8PrivateKeyPem());
        using (var file = new StreamWriter(CertificateOf(name), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }))
            file.WriteLine(certificate.ExportCertificatePem());
    }
}

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
            throw new UserErrorException($"{AccessOptions.Certificate} and {AccessOptions.Key} must be given together; {(certificate is null ? AccessOptions.Certificate : AccessOptions.Key)} is missing");
        var loaded = Read(certificate, () => X509Certificate2.CreateFromPemFile(certificate, key));
        if (loaded.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
            throw new UserErrorException($"the certificate {certificate} expired on {loaded.NotAfter:yyyy-MM-dd}; make a new one with `atelier certs`");
        return loaded;
    }

    /// <summary>The certificates of one authority, or of several while one takes the place of another; null where no file is named.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or has none.</exception>
    public static X509Certificate2Collection? Authorities(string? path) => path is null ? null : Read(path, () =>
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPemFile(path);
        return found.Count > 0 ? found : throw new CryptographicException("it contains no PEM certificate");
    });

    /// <summary>A certificate with its key and authorities, either of which may be none, which follow their files.</summary>
    /// <param name="say">Told when they were renewed, or cannot be used.</param>
    /// <exception cref="UserErrorException">As of <see cref="Load"/> and <see cref="Authorities"/>.</exception>
    public static TlsMaterial Follow(string? certificate, string? key, string? authorities, Action<string> say, TimeProvider time) =>
        TlsMaterial.OfFiles([.. new[] { certificate, key, authorities }.OfType<string>()], () => new(Load(certificate, key, time), Authorities(authorities)), say, time);

    private static T Read<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} cannot be used: {(File.Exists(path) ? e.Message : "the file does not exist")}", e);
        }
    }
}
