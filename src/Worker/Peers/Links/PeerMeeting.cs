using Atelier.Worker.Collectives.Links;
using Google.Protobuf;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers.Links;

/// <summary>The ranks that call one rank of a generation, as they come.</summary>
/// <param name="own">Who this rank is.</param>
internal sealed class PeerMeeting(Hello own)
{
    private readonly TaskCompletionSource<PeerGuest>[] _guests = [.. Enumerable.Range(0, own.Ranks).Select(_ => new TaskCompletionSource<PeerGuest>(TaskCreationOptions.RunContinuationsAsynchronously))];
    private readonly TaskCompletionSource<PeerLinks> _links = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The run.</summary>
    public string Run => own.Run;

    /// <summary>The generation.</summary>
    public long Generation => own.Generation;

    /// <summary>This rank's first message to any other.</summary>
    public PeerFrame Greeting => new(PeerField.Hello, own.ToByteArray());

    /// <summary>Whether somebody is a rank of this generation as this rank knows it.</summary>
    public bool Includes(Hello hello) => hello.Equals(new Hello(own) { Rank = hello.Rank });

    /// <summary>The call of another rank, as soon as it comes.</summary>
    public Task<PeerGuest> FromAsync(int rank) => _guests[rank].Task;

    /// <summary>All have met, or (null) will not, or this rank has left.</summary>
    public void Conclude(PeerLinks? links)
    {
        if (links is null)
            _links.TrySetCanceled();
        else
            _links.TrySetResult(links);
    }

    /// <summary>Serves a rank that called, until all that it sends has come.</summary>
    /// <exception cref="RpcException">It is in the generation in another way, or called before.</exception>
    public async Task WelcomeAsync(Hello hello, PeerGuest guest, IServerStreamWriter<PeerFrame> responses)
    {
        if (!Includes(hello) || hello.Rank == own.Rank || (uint)hello.Rank >= (uint)own.Ranks)
            throw PeerMeetings.Refusal($"here is rank {own.Rank} of {own.Ranks}, run {own.Run}, generation {own.Generation}");
        await responses.WriteAsync(Greeting).ConfigureAwait(false);
        if (!_guests[hello.Rank].TrySetResult(guest))
            throw PeerMeetings.Refusal($"rank {hello.Rank} of run {own.Run}, generation {own.Generation}, is here already");
        PeerLinks links;
        try
        {
            links = await _links.Task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw PeerMeetings.Refusal($"generation {own.Generation} of run {own.Run} is over here");
        }
        await links[hello.Rank].Read.ConfigureAwait(false);
    }
}
