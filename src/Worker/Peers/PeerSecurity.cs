using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Grpc.Core;

namespace Atelier.Worker.Peers;

/// <summary>How workers know each other: each shows a certificate of one authority where it serves, and the workers' token where it calls.</summary>
/// <remarks>No record, whose text would give the token away.</remarks>
public sealed class PeerSecurity
{
    private const string Header = "authorization";

    private readonly string? _token;
    private readonly AccessGate _gate;

    /// <summary>Takes what a worker has.</summary>
    /// <param name="certificate">Its certificate with the private key; null to speak no TLS.</param>
    /// <param name="authority">The authority that others' certificates must come from; null for the system's.</param>
    /// <param name="token">The workers' token; null for none.</param>
    /// <exception cref="Atelier.Core.UserErrorException">The token is too short or too long.</exception>
    public PeerSecurity(X509Certificate2? certificate, X509Certificate2? authority, string? token)
    {
        Certificate = certificate;
        Authority = authority;
        _token = token;
        _gate = new AccessGate(People: null, token is null ? null : new AccessToken(token, AccessOptions.TokenVariableOf(AccessRole.Worker)));
    }

    /// <summary>Neither TLS nor a token: on one machine.</summary>
    public static PeerSecurity None { get; } = new(null, null, null);

    /// <summary>The certificate to serve with; null for none.</summary>
    internal X509Certificate2? Certificate { get; }

    /// <summary>Whether there is a token.</summary>
    internal bool HasToken => _token is not null;

    /// <summary>The headers of this worker's calls.</summary>
    internal Metadata Headers => _token is null ? [] : new Metadata { { Header, $"Bearer {_token}" } };

    private X509Certificate2? Authority { get; }

    /// <summary>What a client trusts.</summary>
    internal SslClientAuthenticationOptions ClientTls()
    {
        var options = new SslClientAuthenticationOptions();
        if (Authority is null)
            return options;
        options.TrustOnly(Authority);
        return options;
    }

    /// <summary>Lets a caller in.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED: it has not the workers' token.</exception>
    internal void Admit(ServerCallContext call)
    {
        var decision = _gate.Decide(AccessRole.Worker, call.RequestHeaders.GetValue(Header));
        if (decision != AccessDecision.Granted)
            throw new RpcException(new Status(StatusCode.Unauthenticated, decision.Describe(AccessRole.Worker)));
    }
}
