using Atelier.Worker.Collectives.Links;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers.Links;

/// <summary>The ranks that call one rank of a generation, as they come.</summary>
/// <param name="own">Who this rank is.</param>
internal sealed class PeerMeeting(Hello own)
{
    private readonly TaskCompletionSource<SegmentReceiver>[] _segments = [.. Enumerable.Range(0, own.Ranks).Select(_ => new TaskCompletionSource<SegmentReceiver>(TaskCreationOptions.RunContinuationsAsynchronously))];
    private readonly TaskCompletionSource<PeerLinks> _links = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The run.</summary>
    public string Run => own.Run;

    /// <summary>The generation.</summary>
    public long Generation => own.Generation;

    /// <summary>What this rank says to those that it calls.</summary>
    public Hello Greeting => own;

    /// <summary>Whether somebody is a rank of this generation as this rank knows it.</summary>
    public bool Includes(Hello hello) => hello.Equals(new Hello(own) { Rank = hello.Rank, Ticket = hello.Ticket });

    /// <summary>The segments of another rank, as soon as it has called and opened its connection.</summary>
    public Task<SegmentReceiver> FromAsync(int rank) => _segments[rank].Task;

    /// <summary>All have met, or (null) will not, or this rank has left.</summary>
    public void Conclude(PeerLinks? links)
    {
        if (links is null)
            _links.TrySetCanceled();
        else
            _links.TrySetResult(links);
    }

    /// <summary>Serves a rank that called, until all that it sends has come.</summary>
    /// <param name="hello">What it said.</param>
    /// <param name="door">Where its connection for segments comes in.</param>
    /// <param name="responses">To it.</param>
    /// <param name="late">Ends the wait for its connection.</param>
    /// <param name="broken">Its call broke.</param>
    /// <exception cref="RpcException">It is in the generation in another way, or called before.</exception>
    public async Task WelcomeAsync(Hello hello, SegmentDoor door, IServerStreamWriter<Hello> responses, CancellationToken late, CancellationToken broken)
    {
        if (!Includes(hello) || hello.Rank == own.Rank || (uint)hello.Rank >= (uint)own.Ranks)
            throw PeerMeetings.Refusal($"here is rank {own.Rank} of {own.Ranks}, run {own.Run}, generation {own.Generation}");
        if (_segments[hello.Rank].Task.IsCompleted)
            throw Twice(hello);
        using var ticket = door.Expect();
        await responses.WriteAsync(new Hello(own) { Ticket = ticket.Value }, late).ConfigureAwait(false);
        var segments = await ticket.Came.WaitAsync(late).ConfigureAwait(false);
        using var abort = broken.UnsafeRegister(static segments => ((SegmentReceiver)segments!).Abort(), segments);
        // Who called knows only now that its connection has come, and not elsewhere.
        await responses.WriteAsync(own, late).ConfigureAwait(false);
        if (!_segments[hello.Rank].TrySetResult(segments))
            throw Twice(hello);
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

    private RpcException Twice(Hello hello) => PeerMeetings.Refusal($"rank {hello.Rank} of run {own.Run}, generation {own.Generation}, is here already");
}
