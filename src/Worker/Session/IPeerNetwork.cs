using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Session;

/// <summary>How this worker reaches others: for sums, and for the state that one of them holds.</summary>
public interface IPeerNetwork : IAsyncDisposable
{
    /// <summary>Where others reach this worker, as a URI.</summary>
    string Address { get; }

    /// <summary>Meets the other members of a generation.</summary>
    /// <param name="order">The generation.</param>
    /// <param name="rank">This worker's rank.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Collectives.CollectiveException">A member did not come in time, or left.</exception>
    Task<IRankLinks> MeetAsync(Prepare order, int rank, TimeSpan patience, CancellationToken cancellation);

    /// <summary>
    /// Lets others fetch the state that this worker holds, if it is the one they ask for, and no longer the one that was offered
    /// before: transfers of it are broken off, and when this returns nobody reads it. One thread calls it.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="held">The held state, which stands still; null for none.</param>
    void Offer(string run, HeldState? held);

    /// <summary>Fetches a state, and verifies it.</summary>
    /// <param name="address">Where the worker is reached that holds it.</param>
    /// <param name="run">The run.</param>
    /// <param name="version">The state.</param>
    /// <param name="into">Becomes that state.</param>
    /// <param name="cancellation">Ends the transfer.</param>
    /// <exception cref="Peers.States.PeerStateException">It could not be fetched; the message says why.</exception>
    Task FetchAsync(string address, string run, Core.Fleet.StateVersion version, TrajectoryState into, CancellationToken cancellation);
}

/// <summary>A state that stands still.</summary>
/// <param name="Version">Which it is.</param>
/// <param name="State">The state.</param>
public sealed record HeldState(Core.Fleet.StateVersion Version, TrajectoryState State);
