using Atelier.Protos;
using Atelier.Training.Step;
using Grpc.Core;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Peers.States;

/// <summary>Fetches states that other workers hold.</summary>
public static class PeerStates
{
    /// <summary>Fetches a state and verifies that it is the whole one, bit by bit.</summary>
    /// <param name="address">Where the peer is reached.</param>
    /// <param name="security">Certificates and the token.</param>
    /// <param name="run">The run.</param>
    /// <param name="version">Which of its states; the phase within the iteration included.</param>
    /// <param name="into">Filled; of the same networks and precision. After a failure it holds parts of both states.</param>
    /// <param name="patience">How long nothing may come.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellation">Ends the transfer.</param>
    /// <exception cref="PeerStateException">It did not come, or is not the one asked for.</exception>
    public static async Task FetchAsync(
        PeerAddress address, PeerSecurity security, string run, StateVersion version, TrajectoryState into, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(security);
        ArgumentNullException.ThrowIfNull(into);
        PeerStateException Failure(PeerStateFault fault, string detail, Exception? cause = null) => new(fault, address.ToString(), detail, cause);
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        using var channel = PeerChannel.To(address, security);
        using var receiver = new StateReceiver(into, version);
        try
        {
            using var call = new Peer.PeerClient(channel).FetchState(
                new StateRequest { Run = run, Version = version.ToMessage() }, security.Headers, deadline: null, either.Token);
            while (await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                late.CancelAfter(patience);
                receiver.Accept(call.ResponseStream.Current);
            }
        }
        catch (InvalidDataException e)
        {
            throw Failure(PeerStateFault.Mismatch, e.Message, e);
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw late.IsCancellationRequested ? Failure(PeerStateFault.Deadline, $"nothing came for {patience.TotalSeconds:0.#} s", e)
                : e.StatusCode == StatusCode.NotFound ? Failure(PeerStateFault.NotFound, e.Status.Detail, e)
                : PeerChannel.IsDistrust(e) ? Failure(PeerStateFault.Refused, PeerChannel.Describe(e), e)
                : Failure(PeerStateFault.PeerGone, PeerChannel.Describe(e), e);
        }
        if (!receiver.IsComplete)
            throw Failure(PeerStateFault.Mismatch, "it ended before its end was said");
    }
}
