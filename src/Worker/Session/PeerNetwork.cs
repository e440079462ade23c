using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;
using Atelier.Worker.Peers.States;

namespace Atelier.Worker.Session;

/// <summary>How this worker reaches others: for sums, and for the state that one of them holds.</summary>
public interface IPeerNetwork : IAsyncDisposable
{
    /// <summary>Where others reach this worker, as a URI.</summary>
    string Address { get; }

    /// <summary>Meets the other members of a generation.</summary>
    /// <param name="order">The generation.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <exception cref="Collectives.CollectiveException">A member did not come in time, or left.</exception>
    Task<IRankLinks> MeetAsync(Prepare order, int rank, CancellationToken cancellation);

    /// <summary>Forgets which generations of a run there were: the run was let go, or its generations are counted anew.</summary>
    void Forget(string run);

    /// <summary>
    /// Lets others fetch the state that this worker holds, if it is the one they ask for, and no longer the one that was offered
    /// before: transfers of it are broken off, and when this returns nobody reads it. One thread calls it.
    /// </summary>
    /// <param name="held">The held state, which stands still; null for none.</param>
    void Offer(string run, HeldState? held);

    /// <summary>Fetches a state, and verifies it.</summary>
    /// <param name="address">Where the worker is reached that holds it.</param>
    /// <param name="version">The state.</param>
    /// <param name="into">Becomes that state.</param>
    /// <param name="received">Told how many bytes have come, now and then.</param>
    /// <exception cref="Peers.States.PeerStateException">It could not be fetched; the message says why.</exception>
    Task FetchAsync(string address, string run, Core.Fleet.StateVersion version, TrajectoryState into, Action<long> received, CancellationToken cancellation);
}

/// <summary>A state that stands still.</summary>
/// <param name="Version">Which it is.</param>
/// <param name="State">The state.</param>
public sealed record HeldState(Core.Fleet.StateVersion Version, TrajectoryState State);

/// <summary>The way to other workers: shared memory where all members of a generation are on this host, connections through the network otherwise; states by gRPC.</summary>
public sealed class PeerNetwork : IPeerNetwork
{
    /// <summary>How long a worker that sends its state may be silent.</summary>
    private static readonly TimeSpan FetchPatience = TimeSpan.FromSeconds(30);

    private readonly PeerServer _server;
    private readonly PeerSecurity _security;
    private readonly TimeProvider _time;
    private volatile OfferedState? _offered;

    private PeerNetwork(PeerServer server, PeerSecurity security, TimeProvider time)
    {
        (_server, _security, _time) = (server, security, time);
        server.ServeState((run, version, _) => ValueTask.FromResult(_offered?.Lend(run, version)));
    }

    /// <inheritdoc/>
    public string Address => _server.Address.ToString();

    /// <summary>Starts to listen for other workers.</summary>
    /// <param name="options">Where and how.</param>
    /// <exception cref="UserErrorException">Other machines could reach it unprotected, or the address is taken.</exception>
    public static async Task<PeerNetwork> StartAsync(PeerOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return new PeerNetwork(await PeerServer.StartAsync(options, cancellation), options.Security, options.Time);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"cannot listen for other workers on {options.Listen}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public Task<IRankLinks> MeetAsync(Prepare order, int rank, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (order.Members.All(member => member.Host.Length > 0 && member.Host == order.Members[0].Host))
            return new SharedMemoryWorld(order.Meeting, order.Members.Count).JoinAsync(rank, Timeout.InfiniteTimeSpan, _time, cancellation);
        var addresses = order.Members.Select(member => PeerAddress.Parse(member.PeerAddress)).ToList();
        return _server.JoinAsync(new PeerMembership(order.Run, order.Generation, rank, addresses), Timeout.InfiniteTimeSpan, _time, cancellation);
    }

    /// <inheritdoc/>
    public void Forget(string run) => _server.Forget(run);

    /// <inheritdoc/>
    public void Offer(string run, HeldState? held)
    {
        var former = _offered;
        if (held is not null && former?.IsOf(run, held.Version, held.State) == true)
            return;
        _offered = null;
        former?.Dispose();
        _offered = held is null ? null : new OfferedState(run, held.Version, held.State);
    }

    /// <inheritdoc/>
    public Task FetchAsync(string address, string run, Core.Fleet.StateVersion version, TrajectoryState into, Action<long> received, CancellationToken cancellation) =>
        PeerStateClient.FetchAsync(PeerAddress.Parse(address), _security, run, version, into, FetchPatience, _time, cancellation, received);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _offered?.Dispose();
        return _server.DisposeAsync();
    }
}
