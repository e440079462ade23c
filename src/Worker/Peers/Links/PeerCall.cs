using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Worker.Peers.Links;

/// <summary>A call to another rank: what goes to it. What comes from it comes over a call of its own.</summary>
/// <param name="Channel">What the call goes over, and nothing else; disposed with this.</param>
/// <param name="Call">The call.</param>
internal sealed record PeerCall(GrpcChannel Channel, AsyncDuplexStreamingCall<PeerFrame, PeerFrame> Call) : IDisposable
{
    /// <summary>Breaks the call unless it is over.</summary>
    public void Dispose()
    {
        Call.Dispose();
        Channel.Dispose();
    }
}
