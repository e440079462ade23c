using System.Net.Sockets;
using System.Security.Authentication;
using Atelier.Rpc.Transport;
using Atelier.Worker.Collectives;
using Atelier.Worker.Collectives.Links;
using Grpc.Core;
using Hello = Atelier.Protos.Hello;

namespace Atelier.Worker.Peers.Links;

/// <summary>One rank's way into a generation: it calls all others and is called by them.</summary>
/// <param name="membership">The generation.</param>
/// <param name="shape">Size and number of slots; the same on all ranks.</param>
/// <param name="server">Where those who call come in.</param>
internal sealed class PeerJoin(PeerMembership membership, RingShape shape, PeerSecurity security, PeerRendezvous server)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly PeerCall?[] _calls = new PeerCall?[shape.Ranks];
    private readonly string[] _troubles = new string[shape.Ranks];
    private readonly GenerationRendezvous _rendezvous = new(new Hello
    {
        Run = membership.Run,
        Generation = membership.Generation,
        Rank = membership.Rank,
        Ranks = shape.Ranks,
        SegmentBytes = shape.SegmentBytes,
        Slots = shape.Slots,
    });

    private IEnumerable<int> Others => Enumerable.Range(0, shape.Ranks).Where(rank => rank != membership.Rank);

    /// <summary>Meets all others.</summary>
    /// <exception cref="CollectiveException">A rank did not come in time, is in another generation, or does not let this one in.</exception>
    public async Task<IRankLinks> RunAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        server.Open(_rendezvous);
        try
        {
            await TaskGroup.AllOrCancelAsync([.. Others.Select(other => CallAsync(other, either.Token)), .. Others.Select(other => _rendezvous.FromAsync(other).WaitAsync(either.Token))], either).ConfigureAwait(false);
            var segments = Enumerable.Range(0, shape.Ranks).Select(other => other == membership.Rank ? null : _rendezvous.FromAsync(other).Result).ToList();
            var links = new PeerLinks(membership.Rank, shape, _calls, segments, () => server.Close(_rendezvous));
            _rendezvous.Conclude(links);
            return links;
        }
        catch (Exception e)
        {
            server.Close(_rendezvous);
            foreach (var call in _calls)
                call?.Dispose();
            if (e is OperationCanceledException && late.IsCancellationRequested)
                throw Late(patience);
            throw;
        }
    }

    private async Task CallAsync(int other, CancellationToken cancellation)
    {
        while (true)
        {
            var channel = PeerChannel.To(membership.Addresses[other], security);
            var call = new PeerCall(channel, new Protos.Peer.PeerClient(channel).Meet(security.Headers, cancellationToken: CancellationToken.None));
            try
            {
                using (cancellation.Register(call.Dispose))
                    call = call with { Segments = await HandshakeAsync(other, call, cancellation).ConfigureAwait(false) };
                cancellation.ThrowIfCancellationRequested();
                _calls[other] = call;
                return;
            }
            catch (RpcException e)
            {
                call.Dispose();
                cancellation.ThrowIfCancellationRequested();
                if (e.StatusCode == StatusCode.FailedPrecondition)
                    throw Failure(CollectiveFault.Mismatch, [other], $"was refused by rank {other}: {e.Status.Detail}");
                if (PeerChannel.IsDistrust(e))
                    throw Failure(CollectiveFault.Refused, [other], $"has no trusted connection with rank {other}: {PeerChannel.Describe(e)}");
                // It does not listen yet, or was not the one that will.
                _troubles[other] = $" ({PeerChannel.Describe(e)})";
            }
            catch (AuthenticationException e) when (!cancellation.IsCancellationRequested)
            {
                call.Dispose();
                throw Failure(CollectiveFault.Refused, [other], $"has no trusted connection with rank {other}: {TlsFailure.Describe(e)}");
            }
            catch (Exception e) when (e is IOException or SocketException && !cancellation.IsCancellationRequested)
            {
                call.Dispose();
                _troubles[other] = $" ({e.Message})";
            }
            catch
            {
                call.Dispose();
                // The wait's end disposed it; what was under way then fails in one way or another.
                cancellation.ThrowIfCancellationRequested();
                throw;
            }
            await Task.Delay(Retry, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<SegmentSender> HandshakeAsync(int other, PeerCall call, CancellationToken cancellation)
    {
        try
        {
            await call.Call.RequestStream.WriteAsync(_rendezvous.Greeting, CancellationToken.None).ConfigureAwait(false);
            await call.Call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The call has ended already; reading says why.
        }
        var hello = await call.Call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false) ? call.Call.ResponseStream.Current : null;
        if (hello is null || !_rendezvous.Includes(hello) || hello.Rank != other || !SegmentAcceptor.IsTicket(hello.Ticket.Span))
            throw Failure(CollectiveFault.Mismatch, [other], $"expected rank {other} but another process answered");
        var segments = await SegmentSender.OpenAsync(membership.Addresses[other], security, hello.Ticket.Memory, cancellation).ConfigureAwait(false);
        try
        {
            // It says so when the connection has come to it.
            if (!await call.Call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
                throw new IOException("the call ended before the data connection was open");
            return segments;
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }

    private CollectiveException Late(TimeSpan patience)
    {
        List<int> missing = [.. Others.Where(other => _calls[other] is null || !_rendezvous.FromAsync(other).IsCompletedSuccessfully)];
        string names = string.Join(" and ", missing.Select(other => $"rank {other}{_troubles[other]}"));
        return Failure(CollectiveFault.Deadline, missing, $"waited {patience.TotalSeconds:0.#} s for {names} to connect");
    }

    private CollectiveException Failure(CollectiveFault fault, IReadOnlyList<int> ranks, string detail) =>
        new(fault, "joining", membership.Rank, ranks, detail);
}

/// <summary>
/// The generations of a worker, one after the other. Peers become ready at different moments, so that a rank may call for a
/// generation before this worker knows of it: it waits, as long as its own coordinator's order stands and it keeps calling.
/// </summary>
/// <param name="options">How long who calls may take to say what for.</param>
/// <param name="acceptor">Where connections for segments come in.</param>
internal sealed class PeerRendezvous(PeerOptions options, SegmentAcceptor acceptor)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Latest> _latest = new(StringComparer.Ordinal);
    private TaskCompletionSource _opened = NewOpening();

    /// <summary>Lets the ranks of a generation in, those who wait and all who come later; those of earlier ones no more.</summary>
    /// <exception cref="ArgumentException">The run has come as far already.</exception>
    public void Open(GenerationRendezvous meeting)
    {
        TaskCompletionSource opened;
        lock (_lock)
        {
            if (_latest.TryGetValue(meeting.Run, out var before) && before.Generation >= meeting.Generation)
                throw new ArgumentException($"Generation {meeting.Generation} of run {meeting.Run} must come after {before.Generation}.", nameof(meeting));
            before?.Meeting?.Conclude(null);
            _latest[meeting.Run] = new Latest(meeting.Generation, meeting);
            (opened, _opened) = (_opened, NewOpening());
        }
        opened.SetResult();
    }

    /// <summary>A generation is over here: who calls for it is refused, and its buffers can go.</summary>
    public void Close(GenerationRendezvous meeting)
    {
        meeting.Conclude(null);
        lock (_lock)
        {
            if (_latest.TryGetValue(meeting.Run, out var latest) && latest.Meeting == meeting)
                _latest[meeting.Run] = latest with { Meeting = null };
        }
    }

    /// <summary>Forgets a run: its next generation may have any number.</summary>
    public void Forget(string run)
    {
        lock (_lock)
        {
            if (_latest.Remove(run, out var latest))
                latest.Meeting?.Conclude(null);
        }
    }

    /// <summary>Serves a call until its end.</summary>
    /// <exception cref="RpcException">Who calls belongs to no generation here.</exception>
    public async Task ServeAsync(IAsyncStreamReader<Hello> requests, IServerStreamWriter<Hello> responses, ServerCallContext call)
    {
        var hello = await GreetingAsync(requests, call.CancellationToken).ConfigureAwait(false);
        var meeting = await OfAsync(hello, call.CancellationToken).ConfigureAwait(false);
        using var tooLate = new CancellationTokenSource(options.Limits.FirstMessage, options.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, call.CancellationToken);
        try
        {
            await meeting.ServeAsync(hello, acceptor, responses, ended.Token, call.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (tooLate.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"opened no data connection within {options.Limits.FirstMessage.TotalSeconds:0.#} s"));
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
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"sent nothing for {options.Limits.FirstMessage.TotalSeconds:0.#} s"));
        }
        throw new RpcException(new Status(StatusCode.InvalidArgument, "the call had no hello"));
    }

    private async Task<GenerationRendezvous> OfAsync(Hello hello, CancellationToken cancellation)
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_latest.TryGetValue(hello.Run, out var latest) && latest.Generation >= hello.Generation)
                {
                    if (latest.Generation > hello.Generation)
                        throw Refusal($"run {hello.Run} is already at generation {latest.Generation} here");
                    return latest.Meeting ?? throw Over(hello);
                }
                opened = _opened.Task;
            }
            await opened.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What who calls for a generation that has ended here is told.</summary>
    internal static RpcException Over(Hello hello) => Refusal($"generation {hello.Generation} of run {hello.Run} has ended here");

    private static TaskCompletionSource NewOpening() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="Meeting">Null when it is over.</param>
    private sealed record Latest(long Generation, GenerationRendezvous? Meeting);
}

/// <summary>The ranks that call one rank of a generation, as they come.</summary>
/// <param name="own">Who this rank is.</param>
internal sealed class GenerationRendezvous(Hello own)
{
    private readonly TaskCompletionSource<SegmentReceiver>[] _segments = [.. Enumerable.Range(0, own.Ranks).Select(_ => new TaskCompletionSource<SegmentReceiver>(TaskCreationOptions.RunContinuationsAsynchronously))];
    private readonly TaskCompletionSource<PeerLinks> _links = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Run => own.Run;

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
    /// <param name="acceptor">Where its connection for segments comes in.</param>
    /// <param name="responses">To it.</param>
    /// <param name="late">Ends the wait for its connection.</param>
    /// <param name="broken">Its call broke.</param>
    /// <exception cref="RpcException">It is in the generation in another way, or called before.</exception>
    public async Task ServeAsync(Hello hello, SegmentAcceptor acceptor, IServerStreamWriter<Hello> responses, CancellationToken late, CancellationToken broken)
    {
        if (!Includes(hello) || hello.Rank == own.Rank || (uint)hello.Rank >= (uint)own.Ranks)
            throw PeerRendezvous.Refusal($"this is rank {own.Rank} of {own.Ranks}, run {own.Run}, generation {own.Generation}");
        if (_segments[hello.Rank].Task.IsCompleted)
            throw Twice(hello);
        using var ticket = acceptor.Expect();
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
            throw PeerRendezvous.Over(own);
        }
        await links[hello.Rank].Read.ConfigureAwait(false);
    }

    private RpcException Twice(Hello hello) => PeerRendezvous.Refusal($"rank {hello.Rank} of run {own.Run}, generation {own.Generation}, is already connected");
}
