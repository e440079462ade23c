using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Atelier.Rpc.Transport;

/// <summary>
/// Trust in certificate authorities of one's own and in no others. Their certificates come without a service that would tell of
/// revoked ones.
/// </summary>
public static class AuthorityTrust
{
    /// <summary>That a certificate is for clients (RFC 5280, section 4.2.1.12).</summary>
    private static readonly Oid ClientUse = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Lets a client trust servers with a certificate of these authorities.</summary>
    /// <param name="options">What is changed.</param>
    /// <param name="authorities">The authorities' certificates.</param>
    public static void TrustOnly(this SslClientAuthenticationOptions options, X509Certificate2Collection authorities)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.CertificateChainPolicy = PolicyOf(authorities);
    }

    /// <summary>What a client trusts and shows.</summary>
    /// <param name="authorities">The only authorities whose servers it trusts; null for the system's trust.</param>
    /// <param name="own">Its certificate with the private key, for servers that ask for one; null for none.</param>
    public static SslClientAuthenticationOptions ClientOf(X509Certificate2Collection? authorities, X509Certificate2? own)
    {
        var options = new SslClientAuthenticationOptions();
        if (own is not null)
            options.ClientCertificates = [own];
        if (authorities is not null)
            options.TrustOnly(authorities);
        return options;
    }

    /// <summary>What is wrong with a client's certificate; <see cref="X509ChainStatusFlags.NoError"/> if nothing is.</summary>
    /// <param name="authorities">The authorities one of which must have signed it.</param>
    /// <param name="certificate">The certificate, whose key the client has proved to have.</param>
    internal static X509ChainStatusFlags FlawsOf(this X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = PolicyOf(authorities) };
        chain.ChainPolicy.ApplicationPolicy.Add(ClientUse);
        chain.Build(certificate);
        return chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (flaws, status) => flaws | status.Status);
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true, // a stranger's certificate names addresses of the stranger's choice
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
