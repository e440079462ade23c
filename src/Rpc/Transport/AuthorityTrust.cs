using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core.Access;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

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

    /// <summary>Whether one of the authorities has signed a certificate that is valid now.</summary>
    /// <param name="authorities">The authorities.</param>
    /// <param name="certificate">The certificate, whose key the other side has proved to have.</param>
    public static bool Issued(this X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = PolicyOf(authorities) };
        return chain.Build(certificate);
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

/// <summary>
/// Asks callers for a certificate of one's own authorities. Not the handshake but the call is refused, so that callers are told what
/// to change; a connection that broke would say nothing.
/// </summary>
/// <param name="next">What comes after.</param>
/// <param name="tls">The authorities.</param>
public sealed class CallerCertificates(RequestDelegate next, TlsMaterial tls)
{
    /// <summary>Lets a call through, or refuses it.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Complaint(context.Connection.ClientCertificate) is { } complaint
            ? context.Response.RefuseAsync(StatusCode.Unauthenticated, complaint)
            : next(context);
    }

    private string? Complaint(X509Certificate2? shown)
    {
        if (shown is null)
            return $"a client certificate is required here; pass it with {AccessOptions.Certificate} FILE {AccessOptions.Key} FILE";
        var flaws = tls.Authorities!.FlawsOf(shown);
        return flaws switch
        {
            X509ChainStatusFlags.NoError => null,
            _ when flaws.HasFlag(X509ChainStatusFlags.NotTimeValid) => "the client certificate has expired or is not valid yet; renew it, or correct the clock",
            _ when flaws.HasFlag(X509ChainStatusFlags.NotValidForUsage) => "the client certificate does not allow use as a TLS client",
            _ => $"the client certificate is not signed by the CA that is trusted here ({flaws})",
        };
    }
}

/// <summary>Calls that failed because the caller does not trust who answers.</summary>
public static class TlsFailure
{
    /// <summary>Why a call's handshake failed, for people; null if it failed otherwise.</summary>
    public static string? Describe(RpcException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException handshake)
                return Describe(handshake);
        }
        return null;
    }

    /// <summary>Why a handshake failed, for people.</summary>
    public static string Describe(AuthenticationException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return $"{Meaning(failure.Message)} ({failure.Message.TrimEnd('.')})";
    }

    // .NET names the flags of the chain, in every language alike.
    private static string Meaning(string message) => message switch
    {
        _ when Has(message, "NotTimeValid") => "its certificate has expired or is not valid yet: renew it, or correct the clock",
        _ when Has(message, "UntrustedRoot") || Has(message, "PartialChain") => "its certificate is not signed by the CA that is trusted here",
        _ when Has(message, "NameMismatch") => "its certificate is not for the host name in the address",
        _ when Has(message, "frame") => "it does not use TLS",
        _ => "the TLS handshake failed",
    };

    private static bool Has(string message, string part) => message.Contains(part, StringComparison.OrdinalIgnoreCase);
}
