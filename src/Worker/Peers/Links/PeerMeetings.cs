using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers.Links;

/// <summary>
/// The generations of a worker, one after the other. Peers become ready at different moments, so that a rank may call for a
/// generation before this worker knows of it: it waits.
/// </summary>
/// <param name="options">How long anybody may wait.</param>
/// <param name="door">Where connections for segments come in.</param>
internal sealed class PeerMeetings(PeerOptions options, SegmentDoor door)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PeerMeeting> _latest = new(StringComparer.Ordinal);
    private TaskCompletionSource _opened = NewOpening();

    /// <summary>Lets the ranks of a generation in, those who wait and all who come later; those of earlier ones no more.</summary>
    /// <exception cref="ArgumentException">The run has come as far already.</exception>
    public void Open(PeerMeeting meeting)
    {
        TaskCompletionSource opened;
        lock (_lock)
        {
            if (_latest.TryGetValue(meeting.Run, out var before) && before.Generation >= meeting.Generation)
                throw new ArgumentException($"Generation {meeting.Generation} of run {meeting.Run} comes after {before.Generation}.", nameof(meeting));
            before?.Conclude(null);
            _latest[meeting.Run] = meeting;
            (opened, _opened) = (_opened, NewOpening());
        }
        opened.SetResult();
    }

    /// <summary>Serves a call until its end.</summary>
    /// <exception cref="RpcException">Who calls belongs to no generation here.</exception>
    public async Task WelcomeAsync(IAsyncStreamReader<Hello> requests, IServerStreamWriter<Hello> responses, ServerCallContext call)
    {
        var hello = await GreetingAsync(requests, call.CancellationToken).ConfigureAwait(false);
        using var late = new CancellationTokenSource(options.NewcomerPatience, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, call.CancellationToken);
        PeerMeeting meeting;
        try
        {
            meeting = await OfAsync(hello, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw Refusal($"was not told of generation {hello.Generation} of run {hello.Run} in {options.NewcomerPatience.TotalSeconds:0.#} s");
        }
        using var tooLate = new CancellationTokenSource(options.Limits.FirstMessage, options.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, call.CancellationToken);
        try
        {
            await meeting.WelcomeAsync(hello, door, responses, ended.Token, call.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (tooLate.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"opened no connection for segments in {options.Limits.FirstMessage.TotalSeconds:0.#} s"));
        }
    }

    /// <summary>What who does not belong here is told.</summary>
    public static RpcException Refusal(string why) => new(new Status(StatusCode.FailedPrecondition, why));

    private async Task<Hello> GreetingAsync(IAsyncStreamReader<Hello> requests, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(options.Limits.FirstMessage, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            if (await requests.MoveNext(either.Token).ConfigureAwait(false))
                return requests.Current;
        }
        catch (Exception e) when (late.IsCancellationRequested && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"said nothing for {options.Limits.FirstMessage.TotalSeconds:0.#} s"));
        }
        throw new RpcException(new Status(StatusCode.InvalidArgument, "the call had no hello"));
    }

    private async Task<PeerMeeting> OfAsync(Hello hello, CancellationToken cancellation)
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_latest.TryGetValue(hello.Run, out var latest) && latest.Generation >= hello.Generation)
                    return latest.Generation == hello.Generation ? latest : throw Refusal($"run {hello.Run} is at generation {latest.Generation} here");
                opened = _opened.Task;
            }
            await opened.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewOpening() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
