using Atelier.Core;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Core;

namespace Atelier.Worker.Session;

/// <summary>
/// The worker's stream to the coordinator that leads: it attaches, sends what the outbox holds and a report at least three
/// times in a lease, and hands orders on. When the stream breaks it attaches again, to whichever coordinator answers; training goes on meanwhile.
/// </summary>
/// <param name="options">Where coordinators are, and who this is.</param>
/// <param name="register">What the worker says of itself.</param>
/// <param name="outbox">What is to be sent.</param>
/// <param name="report">The present report; null while no run is held.</param>
/// <param name="hear">Takes an order.</param>
/// <param name="say">Told of what a person may want to know.</param>
internal sealed class CoordinatorSession(
    WorkerOptions options, Register register, Outbox outbox, Func<RunReport?> report, Action<CoordinatorMessage> hear, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan UntilWelcome = TimeSpan.FromSeconds(3);

    /// <summary>So often progress is reported, at most.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private TimeSpan _renewal = UntilWelcome;
    private bool _isAttached;
    private long _renewals;

    /// <summary>Stays attached until it is stopped, or the coordinator refuses this worker for good.</summary>
    /// <exception cref="UserErrorException">The coordinator refuses this worker; the message says why.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var pause = FirstPause;
        for (int attempt = 0; !stop.IsCancellationRequested; attempt++)
        {
            string coordinator = options.Coordinators[attempt % options.Coordinators.Count];
            _isAttached = false;
            var failure = await AttachAsync(coordinator, stop);
            if (stop.IsCancellationRequested)
                return;
            if (IsFinal(failure.StatusCode))
                throw new UserErrorException($"the coordinator at {coordinator} refuses this worker: {failure.Detail}");
            if (_isAttached || attempt == 0)
                say($"no coordinator at {coordinator} ({Describe(failure)}); trying on");
            pause = _isAttached ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static bool IsFinal(StatusCode code) =>
        code is StatusCode.PermissionDenied or StatusCode.FailedPrecondition or StatusCode.Unauthenticated or StatusCode.InvalidArgument;

    private static string Describe(Status status) => status.Detail.Length > 0 ? status.Detail : status.StatusCode.ToString();

    private async Task<Status> AttachAsync(string coordinator, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            using var channel = CoordinatorChannel.Open(coordinator, options.Tls, carriesToken: options.Token is not null);
            var client = new Fleet.FleetClient(channel);
            var headers = new Metadata();
            if (options.Token is { } token)
                headers.Add("authorization", $"Bearer {token}");
            using var call = client.Attach(headers, cancellationToken: end.Token);
            await call.RequestStream.WriteAsync(new WorkerMessage { Register = register }, end.Token);
            outbox.Repeat();
            var sending = SendAsync(call.RequestStream, end.Token);
            try
            {
                while (await call.ResponseStream.MoveNext(end.Token))
                    Hear(call.ResponseStream.Current, coordinator);
                return new Status(StatusCode.Unavailable, "the coordinator ended the stream");
            }
            finally
            {
                await end.CancelAsync();
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (RpcException e)
        {
            return TlsFailure.Describe(e) is { } why ? new Status(e.StatusCode, $"it is not trusted: {why}") : e.Status;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
        {
            return new Status(StatusCode.Unavailable, e.Message);
        }
    }

    private void Hear(CoordinatorMessage message, string coordinator)
    {
        if (message.Welcome is { } welcome)
        {
            _renewal = TimeSpan.FromSeconds(welcome.LeaseSeconds / 4);
            if (!_isAttached)
                say($"attached to {coordinator}");
            _isAttached = true;
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
            await stream.WriteAsync(
                report() is { } current ? new WorkerMessage { RunReport = current } : new WorkerMessage { LeaseRenewal = new() { Sequence = ++_renewals } }, cancellation);
            await WaitAsync(cancellation);
        }
    }
}
