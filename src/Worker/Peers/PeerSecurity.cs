using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Worker.Peers;

/// <summary>How workers know each other: each shows a certificate of one authority, where it serves and where it calls, and the workers' token where it calls.</summary>
/// <remarks>No record, whose text would give the token away.</remarks>
public sealed class PeerSecurity
{
    private const string Header = "authorization";

    private readonly string? _token;
    private readonly AccessGate _gate;

    /// <summary>Takes what a worker has for good.</summary>
    /// <param name="certificate">Its certificate with the private key; null to speak no TLS.</param>
    /// <param name="authorities">The authorities one of which others' certificates must come from; null to trust servers as the system does, and ask callers for none.</param>
    /// <param name="token">The workers' token; null for none.</param>
    /// <exception cref="Atelier.Core.UserErrorException">The token is too short or too long.</exception>
    public PeerSecurity(X509Certificate2? certificate, X509Certificate2Collection? authorities, string? token) : this(new TlsMaterial(certificate, authorities), token)
    {
    }

    /// <summary>Takes what a worker has, which may be renewed.</summary>
    /// <param name="tls">Its certificate, to speak TLS, and the authorities of others'.</param>
    /// <param name="token">The workers' token; null for none.</param>
    /// <exception cref="Atelier.Core.UserErrorException">The token is too short or too long.</exception>
    public PeerSecurity(TlsMaterial tls, string? token)
    {
        Tls = tls;
        _token = token;
        _gate = new AccessGate(People: null, token is null ? null : new AccessToken(token, AccessOptions.TokenVariableOf(AccessRole.Worker)));
    }

    /// <summary>Neither TLS nor a token: on one machine.</summary>
    public static PeerSecurity None { get; } = new(null, null, null);

    /// <summary>The certificate to serve with, and the authorities that others' must come from.</summary>
    internal TlsMaterial Tls { get; }

    /// <summary>Whether callers must show a certificate of the authorities.</summary>
    internal bool AsksCallers => Tls.Certificate is not null && Tls.Authorities is not null;

    /// <summary>Whether there is a token.</summary>
    internal bool HasToken => _token is not null;

    /// <summary>The headers of this worker's calls.</summary>
    internal Metadata Headers => _token is null ? [] : new Metadata { { Header, $"Bearer {_token}" } };

    /// <summary>What a client trusts and shows, for one connection.</summary>
    internal SslClientAuthenticationOptions ClientTls() => AuthorityTrust.ClientOf(Tls.Authorities, Tls.Certificate);

    /// <summary>Lets a caller in.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED: it has not the workers' token.</exception>
    internal void Admit(ServerCallContext call)
    {
        var decision = _gate.Decide(AccessRole.Worker, call.RequestHeaders.GetValue(Header));
        if (decision != AccessDecision.Granted)
            throw new RpcException(new Status(StatusCode.Unauthenticated, decision.Describe(AccessRole.Worker)));
    }
}

/// <summary>Calls to other workers.</summary>
internal static class PeerChannel
{
    /// <summary>A channel to a worker.</summary>
    /// <param name="address">Where it is reached.</param>
    /// <param name="security">What is trusted.</param>
    public static GrpcChannel To(PeerAddress address, PeerSecurity security) => GrpcChannel.ForAddress(
        address.Uri?.ToString() ?? "http://localhost",
        new GrpcChannelOptions
        {
            HttpHandler = address.Unix is { } unix ? ClientTransport.Unix(unix) : ClientTransport.Tcp(address.IsEncrypted ? security.ClientTls() : null),
            DisposeHttpClient = true,
        });

    /// <summary>Whether a call failed because one side does not trust the other, which time does not mend.</summary>
    public static bool IsDistrust(RpcException e) => e.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied || TlsFailure.Describe(e) is not null;

    /// <summary>What went wrong, for people: the innermost cause says it best.</summary>
    public static string Describe(RpcException e) => TlsFailure.Describe(e) ?? e.Status.DebugException?.GetBaseException().Message ?? e.Status.Detail;
}
