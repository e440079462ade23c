using System.Globalization;
using Atelier.Core;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Core;

namespace Atelier.Worker.Session;

/// <summary>
/// The worker's stream to a coordinator: it attaches, sends what the outbox holds and a report at least three times in a lease,
/// and hands orders on. When the stream breaks it attaches again at once, to the same coordinator or the next one that answers;
/// training goes on meanwhile. A worker that was evicted waits, and tries again.
/// </summary>
/// <param name="options">Where coordinators are, and who this is.</param>
/// <param name="register">What the worker says of itself.</param>
/// <param name="outbox">What is to be sent.</param>
/// <param name="report">The present report; null while no run is held.</param>
/// <param name="warmUp">How warming up for a run goes; null for none.</param>
/// <param name="hear">Takes an order.</param>
/// <param name="evicted">Told that this worker is no member of the fleet, and when.</param>
/// <param name="say">Told of what a person may want to know.</param>
/// <param name="time">The clock.</param>
internal sealed class CoordinatorSession(
    WorkerOptions options, Register register, Outbox outbox, Func<RunReport?> report, Func<WarmUp?> warmUp, Action<CoordinatorMessage> hear, Action evicted, Action<string> say, TimeProvider time)
{
    /// <summary>How long a coordinator may take to answer, at first: one that is frozen or cut off costs no more. Longer after each round in which none answered.</summary>
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(1);

    /// <summary>How long the coordinator that was just lost may take, where there are others.</summary>
    private static readonly TimeSpan AnswerOfTheLost = TimeSpan.FromSeconds(0.25);

    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>How long a worker waits after an eviction, at first, where the coordinator does not say.</summary>
    private static readonly TimeSpan FirstExile = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestExile = TimeSpan.FromMinutes(5);

    /// <summary>A coordinator that answered lets a worker in, or refuses it, within this time.</summary>
    private static readonly TimeSpan UntilWelcome = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstRenewal = TimeSpan.FromSeconds(3);

    /// <summary>So often progress is reported, at most.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private TimeSpan _renewal = FirstRenewal;
    private volatile bool _isAttached;
    private bool _isWarned;
    private long _renewals;
    private long _aloneSince = time.GetTimestamp();

    /// <summary>For how long no coordinator has been there; zero while one is. From any thread.</summary>
    public TimeSpan Alone => _isAttached ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _aloneSince));

    /// <summary>Stays attached until it is stopped, or the coordinator refuses this worker for good.</summary>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="UserErrorException">The coordinator refuses this worker for good; the message says why.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        int preferred = 0, failedRounds = 0, evictions = 0;
        // Each trouble is told once until a coordinator lets this worker in: a first that passes must not hide one that stays.
        var told = new HashSet<(string Coordinator, string Trouble)>();
        bool isLost = false;
        while (!stop.IsCancellationRequested)
        {
            bool wasAttached = false;
            for (int step = 0; step < options.Coordinators.Count && !wasAttached; step++)
            {
                int index = (preferred + step) % options.Coordinators.Count;
                string coordinator = options.Coordinators[index];
                var patience = isLost && step == 0 && options.Coordinators.Count > 1 ? AnswerOfTheLost : Grown(FirstAnswer, failedRounds, LongestAnswer);
                isLost = false;
                var ending = await AttachAsync(coordinator, patience, stop);
                if (stop.IsCancellationRequested)
                    return;
                if (ending.Eviction is { } eviction)
                {
                    var exile = eviction.RetryAfter ?? TimeSpan.FromTicks(Math.Min(LongestExile.Ticks, FirstExile.Ticks << Math.Min(evictions, 8)));
                    evictions = ending.Attached is null ? evictions + 1 : 1;
                    say($"evicted: {ending.Status.Detail}; reattaching in {exile.TotalSeconds:0} s");
                    evicted();
                    await Task.Delay(exile, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (stop.IsCancellationRequested)
                        return;
                    continue;
                }
                if (IsFinal(ending.Status.StatusCode))
                    throw new UserErrorException($"the coordinator at {coordinator} refuses this worker: {ending.Status.Detail}");
                if (ending.Attached is not null)
                    told.Clear();
                if (told.Add((coordinator, Describe(ending.Status))))
                    say($"cannot reach the coordinator at {coordinator} ({Describe(ending.Status)}); retrying");
                if (ending.Attached is not { } attachedFor)
                    continue;
                // One that lets workers in and drops them at once is as good as none: the next round begins after a pause.
                (preferred, wasAttached, isLost, evictions) = (index, true, true, 0);
                failedRounds = attachedFor < FirstAnswer ? failedRounds + 1 : 0;
            }
            if (!wasAttached)
                failedRounds++;
            if (failedRounds > 0)
                await Task.Delay(Grown(FirstPause, failedRounds - 1, LongestPause), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan Grown(TimeSpan first, int times, TimeSpan most) => TimeSpan.FromTicks(Math.Min(first.Ticks << Math.Min(times, 16), most.Ticks));

    private static bool IsFinal(StatusCode code) =>
        code is StatusCode.PermissionDenied or StatusCode.FailedPrecondition or StatusCode.Unauthenticated or StatusCode.InvalidArgument;

    private static string Describe(Status status) => status.Detail.Length > 0 ? status.Detail : status.StatusCode.ToString();

    private async Task<Ending> AttachAsync(string coordinator, TimeSpan patience, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        long? attachedAt = null;
        Ending Ended(Status status, Eviction? eviction = null)
        {
            if (_isAttached)
                Volatile.Write(ref _aloneSince, time.GetTimestamp());
            _isAttached = false;
            options.Health.NotReady($"cannot reach the coordinator at {coordinator} ({Describe(status)})");
            return new Ending(status, attachedAt is { } since ? time.GetElapsedTime(since) : null, eviction);
        }
        using var late = new CancellationTokenSource(patience + patience, time);
        using var isLate = late.Token.Register(end.Cancel);
        try
        {
            using var channel = CoordinatorChannel.Open(coordinator, AuthorityTrust.ClientOf(options.Tls.Authorities, options.Tls.Certificate), carriesToken: options.Token is not null, connectTimeout: patience, hasReplicas: options.Coordinators.Count > 1);
            var client = new Fleet.FleetClient(channel);
            var headers = new Metadata();
            if (options.Token is { } token)
                headers.Add("authorization", $"Bearer {token}");
            using var call = client.Attach(headers, cancellationToken: end.Token);
            await call.RequestStream.WriteAsync(new WorkerMessage { Register = register }, end.Token);
            // A process that is frozen, or a machine that is cut off, takes a connection and says nothing.
            await call.ResponseHeadersAsync;
            late.CancelAfter(UntilWelcome);
            outbox.Rewind();
            Task sending = Task.CompletedTask;
            try
            {
                while (await call.ResponseStream.MoveNext(end.Token))
                {
                    var message = call.ResponseStream.Current;
                    if (attachedAt is null && message.Welcome is not null)
                    {
                        late.CancelAfter(Timeout.InfiniteTimeSpan);
                        attachedAt = time.GetTimestamp();
                        sending = SendAsync(call.RequestStream, end.Token);
                    }
                    Hear(message, coordinator);
                }
                return Ended(new Status(StatusCode.Unavailable, "the coordinator closed the connection"));
            }
            finally
            {
                await end.CancelAsync();
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (RpcException e)
        {
            if (late.IsCancellationRequested && !stop.IsCancellationRequested)
                return Ended(new Status(StatusCode.Unavailable, "no answer"));
            return Ended(TlsFailure.Describe(e) is { } why ? new Status(e.StatusCode, $"it is not trusted: {why}") : e.Status, Eviction.Of(e));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
        {
            return Ended(new Status(StatusCode.Unavailable, late.IsCancellationRequested ? "no answer" : e.Message));
        }
    }

    private void Hear(CoordinatorMessage message, string coordinator)
    {
        if (message.Acknowledged is { } acknowledged)
        {
            outbox.Acknowledge(acknowledged.UpTo);
            return;
        }
        if (message.Welcome is { } welcome)
        {
            _renewal = TimeSpan.FromSeconds(welcome.LeaseSeconds / 4);
            if (!_isAttached)
                say($"attached to {coordinator}");
            if (welcome.UnixMs > 0 && ClockText.Warning(time.GetUtcNow(), DateTimeOffset.FromUnixTimeMilliseconds(welcome.UnixMs), "the coordinator") is { } warning && !_isWarned)
            {
                _isWarned = true;
                say(warning);
            }
            _isAttached = true;
            options.Health.Ready();
        }
        hear(message);
    }

    /// <summary>Until there is news, progress that is worth a report, or the lease has to be renewed.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        while (!await outbox.WaitAsync(ProgressInterval, cancellation) && time.GetElapsedTime(start) < _renewal)
        {
            if (outbox.TakeProgress())
                return;
        }
    }

    private async Task SendAsync(IClientStreamWriter<WorkerMessage> stream, CancellationToken cancellation)
    {
        while (true)
        {
            while (outbox.TryTake(out var message))
                await stream.WriteAsync(message!, cancellation);
            // A report renews the lease too.
            var current = report();
            if (current is not null)
                await stream.WriteAsync(new WorkerMessage { RunReport = current }, cancellation);
            var warming = warmUp();
            if (current is null || warming is not null)
                await stream.WriteAsync(new WorkerMessage { LeaseRenewal = new() { Sequence = ++_renewals, WarmUp = warming } }, cancellation);
            await WaitAsync(cancellation);
        }
    }

    /// <param name="Attached">How long the worker was let in; null if it was not.</param>
    private sealed record Ending(Status Status, TimeSpan? Attached, Eviction? Eviction);

    /// <summary>The worker is out of the fleet, for a while.</summary>
    private sealed record Eviction(TimeSpan? RetryAfter)
    {
        private const string RetryHeader = "retry-after", BannedHeader = "banned";

        public static Eviction? Of(RpcException e)
        {
            if (e.StatusCode != StatusCode.PermissionDenied || e.Trailers.GetValue(BannedHeader) == "true" || e.Trailers.GetValue(RetryHeader) is not { } text)
                return null;
            bool isTime = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 && seconds < LongestExile.TotalSeconds * 12;
            return new Eviction(isTime ? TimeSpan.FromSeconds(seconds) : null);
        }
    }
}
