using System.Security.Cryptography.X509Certificates;
using Atelier.Core.Access;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Atelier.Rpc.Transport;

/// <summary>
/// Asks callers for a certificate of one's own authorities. Not the handshake but the call is refused, so that callers are told what
/// to change; a connection that broke would say nothing.
/// </summary>
/// <param name="next">What comes after.</param>
/// <param name="authorities">The authorities.</param>
public sealed class CallerCertificates(RequestDelegate next, X509Certificate2Collection authorities)
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
            return $"callers must show a certificate here; give it with {AccessOptions.Certificate} FILE {AccessOptions.Key} FILE";
        var flaws = authorities.FlawsOf(shown);
        return flaws switch
        {
            X509ChainStatusFlags.NoError => null,
            _ when flaws.HasFlag(X509ChainStatusFlags.NotTimeValid) => "the caller's certificate has expired or is not valid yet; renew it, or set the clock right",
            _ when flaws.HasFlag(X509ChainStatusFlags.NotValidForUsage) => "the caller's certificate is not for clients of TLS",
            _ => $"the caller's certificate comes from another authority than the one that is trusted here ({flaws})",
        };
    }
}
