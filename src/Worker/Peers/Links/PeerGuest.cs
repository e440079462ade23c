using Grpc.Core;

namespace Atelier.Worker.Peers.Links;

/// <summary>A call by another rank: what comes from it.</summary>
/// <param name="Requests">Its segments.</param>
/// <param name="End">Cancelled when no more is to be read, which ends the call. Not disposed, since that may be long after it.</param>
internal sealed record PeerGuest(IAsyncStreamReader<PeerFrame> Requests, CancellationTokenSource End);
