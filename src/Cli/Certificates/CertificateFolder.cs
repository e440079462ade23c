using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core;

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
            throw new UserErrorException($"{(File.Exists(KeyOf(name)) ? KeyOf(name) : CertificateOf(name))} exists; whoever uses it would be locked out. Replace it with --force, or choose another --name or --out");
    }

    /// <summary>Writes a certificate and its private key.</summary>
    public void Save(string name, X509Certificate2 certificate)
    {
        RequireFree(name);
        Directory.CreateDirectory(path);
        using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("There is no private key.", nameof(certificate));
        // Old halves go first: a crash in between leaves nothing that looks like a pair and is none.
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
