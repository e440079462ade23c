using Grpc.Core;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>One side of the stream between two ranks, whichever of them called.</summary>
/// <param name="Reader">What the other rank sends.</param>
/// <param name="Writer">What goes to it; one message at a time.</param>
/// <param name="End">Ends this side in order, as far as this end can: a server's ends with its handler.</param>
/// <param name="Abort">Breaks the stream; from any thread.</param>
internal sealed record PeerStream(IAsyncStreamReader<PeerFrame> Reader, IAsyncStreamWriter<PeerFrame> Writer, Func<Task> End, Action Abort);
