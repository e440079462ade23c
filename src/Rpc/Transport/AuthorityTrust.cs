using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Atelier.Rpc.Transport;

/// <summary>Trust of a client in certificate authorities of one's own.</summary>
public static class AuthorityTrust
{
    /// <summary>Lets options trust these authorities and no others. Their certificates come without a service that would tell of revoked ones.</summary>
    /// <param name="options">What is changed.</param>
    /// <param name="authorities">The authorities' certificates.</param>
    public static void TrustOnly(this SslClientAuthenticationOptions options, params X509Certificate2[] authorities)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
    }
}
