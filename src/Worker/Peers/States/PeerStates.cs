// CA1032: without a peer there is no such failure.
#pragma warning disable CA1032

using Atelier.Protos;
using Atelier.Training.Step;
using Grpc.Core;
using StateVersion = Atelier.Core.Fleet.StateVersion;

namespace Atelier.Worker.Peers.States;

/// <summary>Fetches states that other workers hold.</summary>
public static class PeerStateClient
{
    /// <summary>Fetches a state and verifies that it is the whole one, bit by bit.</summary>
    /// <param name="address">Where the peer is reached.</param>
    /// <param name="version">Which of its states; the phase within the iteration included.</param>
    /// <param name="into">Filled; of the same networks and precision. After a failure it holds parts of both states.</param>
    /// <param name="patience">How long nothing may come.</param>
    /// <exception cref="PeerStateException">It did not come, or is not the one asked for.</exception>
    public static async Task FetchAsync(
        PeerAddress address, PeerSecurity security, string run, StateVersion version, TrajectoryState into, TimeSpan patience, TimeProvider time, CancellationToken cancellation,
        Action<long>? received = null)
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
                received?.Invoke(receiver.Received);
            }
        }
        catch (InvalidDataException e)
        {
            throw Failure(PeerStateFault.Mismatch, e.Message, e);
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw late.IsCancellationRequested ? Failure(PeerStateFault.Deadline, $"received nothing for {patience.TotalSeconds:0.#} s", e)
                : e.StatusCode == StatusCode.NotFound ? Failure(PeerStateFault.NotFound, e.Status.Detail, e)
                : PeerChannel.IsDistrust(e) ? Failure(PeerStateFault.Refused, PeerChannel.Describe(e), e)
                : Failure(PeerStateFault.PeerGone, PeerChannel.Describe(e), e);
        }
        if (!receiver.IsComplete)
            throw Failure(PeerStateFault.Mismatch, "the transfer stopped before its end");
    }
}

/// <summary>A state could not be fetched from a peer. The state that was to receive it is of no use until another fills it.</summary>
/// <param name="fault">What happened.</param>
/// <param name="peer">The peer.</param>
/// <param name="detail">What exactly.</param>
/// <param name="cause">The failure below it; null for none.</param>
public sealed class PeerStateException(PeerStateFault fault, string peer, string detail, Exception? cause = null)
    : Exception($"the state from {peer}: {detail}", cause)
{
    public PeerStateFault Fault { get; } = fault;

    public string Peer { get; } = peer;
}

/// <summary>Why a state did not come.</summary>
public enum PeerStateFault
{
    /// <summary>The peer is not there, left on the way, or its state changed meanwhile.</summary>
    PeerGone,

    /// <summary>The peer does not hold that state.</summary>
    NotFound,

    /// <summary>What came is not the state: other networks, another version, or damaged on the way.</summary>
    Mismatch,

    /// <summary>Nothing came for as long as the deadline allows.</summary>
    Deadline,

    /// <summary>The peer does not let this one in, or cannot prove who it is: a wrong token or certificate.</summary>
    Refused,
}
