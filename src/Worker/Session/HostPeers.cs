using Atelier.Protos;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Session;

/// <summary>TEMP</summary>
public sealed class HostPeers : IPeerNetwork
{
    /// <inheritdoc/>
    public string Address => "none:";

    /// <inheritdoc/>
    public Task<IRankLinks> MeetAsync(Prepare order, int rank, TimeSpan patience, CancellationToken cancellation) =>
        new SharedMemoryWorld(order.Meeting, order.Members.Count).JoinAsync(rank, patience, TimeProvider.System, cancellation);

    /// <inheritdoc/>
    public void Offer(string run, HeldState? held)
    {
    }

    /// <inheritdoc/>
    public Task FetchAsync(string address, string run, Core.Fleet.StateVersion version, TrajectoryState into, CancellationToken cancellation) => throw new IOException("cannot fetch yet");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
