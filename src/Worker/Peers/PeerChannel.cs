using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Worker.Peers;

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
