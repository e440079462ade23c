using Atelier.Protos;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Peers.Links;
using Atelier.Worker.Peers.States;
using Google.Protobuf;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers;

/// <summary>
/// What a worker is to others, for as long as its process lives: a rank of one generation after the other, and a source of the
/// state that it holds.
/// </summary>
public sealed class PeerServer : IAsyncDisposable
{
    private readonly PeerOptions _options;
    private readonly PeerHost _host;
    private readonly PeerMeetings _meetings;
    private readonly StateSource _states;

    private PeerServer(PeerOptions options, PeerHost host, PeerMeetings meetings, StateSource states) =>
        (_options, _host, _meetings, _states) = (options, host, meetings, states);

    /// <summary>The call by which ranks meet.</summary>
    internal static Method<Hello, Hello> Meet { get; } = new(
        MethodType.DuplexStreaming, Peer.Descriptor.FullName, nameof(Meet),
        Marshallers.Create(hello => hello.ToByteArray(), Hello.Parser.ParseFrom), Marshallers.Create(hello => hello.ToByteArray(), Hello.Parser.ParseFrom));

    /// <summary>Where others reach it.</summary>
    public PeerAddress Address => _host.Address;

    /// <summary>Starts listening. Who calls for a generation waits until this worker joins it.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="Atelier.Core.UserErrorException">Other machines could reach it unprotected.</exception>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<PeerServer> StartAsync(PeerOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        var door = new SegmentDoor(options);
        var meetings = new PeerMeetings(options, door);
        var states = new StateSource();
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(Meet, (IAsyncStreamReader<Hello> requests, IServerStreamWriter<Hello> responses, ServerCallContext call) =>
            {
                options.Security.Admit(call);
                return meetings.WelcomeAsync(requests, responses, call);
            })
            .AddMethod(StateChunkFormat.FetchState, (StateRequest request, IServerStreamWriter<StateChunk> responses, ServerCallContext call) =>
            {
                options.Security.Admit(call);
                return states.SendAsync(request, responses, call);
            })
            .Build();
        return new PeerServer(options, await PeerHost.StartAsync(options, service, door, cancellation).ConfigureAwait(false), meetings, states);
    }

    /// <summary>Joins a generation: connections to and from all other ranks.</summary>
    /// <param name="membership">The generation, later than all that were joined of its run.</param>
    /// <param name="patience">How long to wait for the others.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The links; disposing them leaves the generation.</returns>
    /// <exception cref="CollectiveException">A rank did not come in time, is in another generation, or does not let this one in.</exception>
    /// <exception cref="ArgumentException">The generation is not later than another of the run that was joined.</exception>
    public Task<IRankLinks> JoinAsync(PeerMembership membership, TimeSpan patience, TimeProvider time, CancellationToken cancellation) =>
        JoinAsync(membership, RingShape.ForPeers(membership?.Addresses.Count ?? 0), patience, time, cancellation);

    /// <summary>Offers the states that this worker holds; until then there are none.</summary>
    /// <param name="provider">Knows them.</param>
    public void ServeState(StateProvider provider) => _states.Provider = provider;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Joins with segments of another size than is good.</summary>
    internal Task<IRankLinks> JoinAsync(PeerMembership membership, RingShape shape, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(membership);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)membership.Rank, (uint)membership.Addresses.Count);
        return new PeerJoin(membership, shape, _options.Security, _meetings).RunAsync(patience, time, cancellation);
    }
}
