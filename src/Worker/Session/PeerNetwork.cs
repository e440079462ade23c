using Atelier.Core;
using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers;
using Atelier.Worker.Peers.States;

namespace Atelier.Worker.Session;

/// <summary>The way to other workers: shared memory where all members of a generation are on this host, connections through the network otherwise; states by gRPC.</summary>
public sealed class PeerNetwork : IPeerNetwork
{
    /// <summary>How long a worker that sends its state may be silent.</summary>
    private static readonly TimeSpan FetchPatience = TimeSpan.FromSeconds(30);

    private readonly PeerServer _server;
    private readonly PeerSecurity _security;
    private readonly TimeProvider _time;
    private volatile LentState? _offered;

    private PeerNetwork(PeerServer server, PeerSecurity security, TimeProvider time)
    {
        (_server, _security, _time) = (server, security, time);
        server.ServeState((run, version, _) => ValueTask.FromResult(_offered?.Lend(run, version)));
    }

    /// <inheritdoc/>
    public string Address => _server.Address.ToString();

    /// <summary>Starts to listen for other workers.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="cancellation">Ends the start.</param>
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
            throw new UserErrorException($"cannot listen on {options.Listen} for other workers: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public Task<IRankLinks> MeetAsync(Prepare order, int rank, TimeSpan patience, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (order.Members.All(member => member.Host.Length > 0 && member.Host == order.Members[0].Host))
            return new SharedMemoryWorld(order.Meeting, order.Members.Count).JoinAsync(rank, patience, _time, cancellation);
        var addresses = order.Members.Select(member => PeerAddress.Parse(member.PeerAddress)).ToList();
        return _server.JoinAsync(new PeerMembership(order.Run, order.Generation, rank, addresses), patience, _time, cancellation);
    }

    /// <inheritdoc/>
    public void Offer(string run, HeldState? held)
    {
        var former = _offered;
        if (held is not null && former?.IsOf(run, held.Version, held.State) == true)
            return;
        _offered = null;
        former?.Dispose();
        _offered = held is null ? null : new LentState(run, held.Version, held.State);
    }

    /// <inheritdoc/>
    public Task FetchAsync(string address, string run, Core.Fleet.StateVersion version, TrajectoryState into, CancellationToken cancellation) =>
        PeerStates.FetchAsync(PeerAddress.Parse(address), _security, run, version, into, FetchPatience, _time, cancellation);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _offered?.Dispose();
        return _server.DisposeAsync();
    }
}
