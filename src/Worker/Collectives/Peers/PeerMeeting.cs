using Atelier.Worker.Collectives.Links;
using Google.Protobuf;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>The streams of one rank as they come about: it calls the ranks before it and is called by those behind it.</summary>
/// <param name="own">Who this rank is.</param>
internal sealed class PeerMeeting(Hello own)
{
    private readonly TaskCompletionSource<PeerStream>[] _streams = [.. Enumerable.Range(0, own.Ranks).Select(_ => new TaskCompletionSource<PeerStream>(TaskCreationOptions.RunContinuationsAsynchronously))];
    private readonly TaskCompletionSource<PeerLinks> _links = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream with another rank, as soon as there is one.</summary>
    public Task<PeerStream> WithAsync(int rank) => _streams[rank].Task;

    /// <summary>All have met, or (null) will not.</summary>
    public void Conclude(PeerLinks? links)
    {
        if (links is null)
            _links.TrySetCanceled();
        else
            _links.TrySetResult(links);
    }

    /// <summary>Serves a rank that called, until its link ends.</summary>
    /// <exception cref="RpcException">It belongs to another world, or not behind this rank.</exception>
    public async Task WelcomeAsync(PeerStream stream)
    {
        int rank = await ReceiveAsync(stream).ConfigureAwait(false) is { } hello && IsOfThisWorld(hello) ? hello.Rank : -1;
        if (rank <= own.Rank || rank >= own.Ranks || _streams[rank].Task.IsCompleted)
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"here is rank {own.Rank} of {own.Ranks}, run {own.Run}, generation {own.Generation}"));
        await SendAsync(stream).ConfigureAwait(false);
        if (!_streams[rank].TrySetResult(stream))
            return;
        var links = await _links.Task.ConfigureAwait(false);
        await links[rank].Ended.ConfigureAwait(false);
    }

    /// <summary>Greets a rank that this one called.</summary>
    /// <returns>Whether it is the one.</returns>
    public async Task<bool> GreetAsync(int rank, PeerStream stream)
    {
        await SendAsync(stream).ConfigureAwait(false);
        if (await ReceiveAsync(stream).ConfigureAwait(false) is not { } hello || !IsOfThisWorld(hello) || hello.Rank != rank)
            return false;
        _streams[rank].SetResult(stream);
        return true;
    }

    private bool IsOfThisWorld(Hello hello) =>
        hello.Equals(new Hello(own) { Rank = hello.Rank, Worker = hello.Worker, Incarnation = hello.Incarnation });

    private Task SendAsync(PeerStream stream) => stream.Writer.WriteAsync(new PeerFrame(PeerField.Hello, own.ToByteArray()));

    private static async Task<Hello?> ReceiveAsync(PeerStream stream) =>
        await stream.Reader.MoveNext().ConfigureAwait(false) && stream.Reader.Current is { Field: PeerField.Hello } frame
            ? Hello.Parser.ParseFrom(frame.Payload.Span)
            : null;
}
