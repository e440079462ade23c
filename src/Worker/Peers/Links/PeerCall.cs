using Atelier.Protos;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Worker.Peers.Links;

/// <summary>A call to another rank, and what goes to it. What comes from it comes by a call of its own.</summary>
/// <param name="Channel">What the call goes over, and nothing else; disposed with this.</param>
/// <param name="Call">The call.</param>
internal sealed record PeerCall(GrpcChannel Channel, AsyncDuplexStreamingCall<Hello, Hello> Call) : IDisposable
{
    /// <summary>The segments; null before the ranks have met.</summary>
    public SegmentSender? Segments { get; init; }

    /// <summary>Breaks the call and the segments' connection unless they are over.</summary>
    public void Dispose()
    {
        Segments?.Dispose();
        Call.Dispose();
        Channel.Dispose();
    }
}
