using System.Buffers;
using System.Globalization;
using System.Threading.Channels;
using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Runs;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Welcome = Atelier.Protos.Welcome;

namespace Atelier.Coordinator.Fleet;

/// <summary>The workers' streams: what they say goes to the grains, what grains order goes back.</summary>
/// <param name="grains">The grains.</param>
/// <param name="streams">Renews the leases of those that are attached.</param>
/// <param name="messenger">Tells other replicas of a new stream.</param>
/// <param name="pulse">Told when the fleet has changed.</param>
/// <param name="cluster">Whose orders these are.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="limits">What is borne with before a worker has said who it is.</param>
/// <param name="lifetime">Tells when this replica stops: workers then go to another one.</param>
/// <param name="log">Told of what fails.</param>
/// <param name="time">The clock.</param>
internal sealed partial class FleetService(
    IGrainFactory grains, WorkerStreams streams, WorkerMessenger messenger, RunPulse pulse, ClusterIdentity cluster, FleetSettings settings, ServerLimits limits, IHostApplicationLifetime lifetime, ILogger<FleetService> log, TimeProvider time)
{
    /// <summary>More messages than this that wait for a grain mean that something is wrong: the worker attaches again.</summary>
    private const int MostUnheard = 4096;

    private IFleetGrain Fleet => grains.GetGrain<IFleetGrain>(0);

    /// <summary>What a server maps.</summary>
    public ServerServiceDefinition Definition => ServerServiceDefinition.CreateBuilder().AddMethod(AttachFormat.Attach, AttachAsync).Build();

    private async Task AttachAsync(IAsyncStreamReader<WorkerMessage> requestStream, IServerStreamWriter<WireMessage> responseStream, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        var card = CardOf(await FirstAsync(requestStream, context.CancellationToken));
        var outcome = await JoinAsync(card, context.CancellationToken);
        if (outcome.Verdict is JoinVerdict.Refused or JoinVerdict.Evicted) throw Refusal(outcome);
        using var stream = new WorkerConnection();
        var attached = new WorkerStream(card.Key, outcome.Session, stream, card.OnlyRun, time);
        try
        {
            var welcome = new Welcome { LeaseSeconds = settings.LeaseLength.TotalSeconds, ProtocolVersion = FleetSettings.CurrentProtocol, UnixMs = time.GetUtcNow().ToUnixTimeMilliseconds() };
            stream.Send(new CoordinatorMessage { Cluster = cluster.Id, Welcome = welcome });
            streams.Add(attached);
            await messenger.SupersedeAsync(card.Key.Worker, outcome.Session);
            if (outcome.Verdict == JoinVerdict.Probe)
                stream.Send(new CoordinatorMessage { Cluster = cluster.Id, ProbeRequest = new ProbeRequest { DeadlineSeconds = settings.ProbeDeadline.TotalSeconds } });
            else
                pulse.Nudge();
            await ConverseAsync(attached, requestStream, responseStream, context.CancellationToken);
        }
        finally
        {
            streams.Remove(attached);
            await LeaveAsync(card.Key, outcome.Session);
        }

        if (stream.Status is { } status) throw new RpcException(status, stream.IsBan ? new Metadata { { "banned", "true" } } : []);
    }

    private async Task<JoinOutcome> JoinAsync(WorkerCard card, CancellationToken cancellation)
    {
        try
        {
            return await GrainCalls.RetryAsync(() => Fleet.JoinAsync(card), GrainCalls.WorkersPatience, time, cancellation);
        }
        catch (Exception failure) when (GrainCalls.IsPassing(failure))
        {
            throw GrainCalls.Unavailable(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "cannot pass on {What} of {Worker} right now")]
    private static partial void Delayed(ILogger logger, string what, string worker, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "ignoring a message from {Worker} ({Kind}) that could not be handled")]
    private static partial void Unhandled(ILogger logger, string worker, WorkerMessage.MessageOneofCase kind, Exception error);

    private static RpcException Refusal(JoinOutcome outcome)
    {
        if (outcome.Verdict == JoinVerdict.Refused) return new RpcException(new Status(StatusCode.FailedPrecondition, outcome.Reason));
        var trailers = new Metadata();
        if (outcome.RetryAfterSeconds > 0) trailers.Add("retry-after", outcome.RetryAfterSeconds.ToString("0.###", CultureInfo.InvariantCulture));
        else trailers.Add("banned", "true");
        return new RpcException(new Status(StatusCode.PermissionDenied, outcome.Reason), trailers);
    }

    private static WorkerCard CardOf(Register register)
    {
        try
        {
            _ = new WorkerId(register.Worker);
        }
        catch (UserErrorException mistake)
        {
            throw Bad(mistake.Message);
        }

        if (register.NumericsSha256.Length == 0) throw Bad("`register` has no numerics_sha256");
        return new(
            new(register.Worker, register.Incarnation), register.ProtocolVersion, register.NumericsSha256, register.Device, register.MemoryBytes, register.PeerAddress, register.Host,
            register.Role == WorkerRole.Evaluator, register.OnlyRun);
    }

    private static RpcException Bad(string what) => new(new Status(StatusCode.InvalidArgument, what));

    private async Task<Register> FirstAsync(IAsyncStreamReader<WorkerMessage> requests, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limits.FirstMessage, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            if (await requests.MoveNext(either.Token) && requests.Current.Register is { } register) return register;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"received nothing for {limits.FirstMessage.TotalSeconds} s; the first message must be `register`"));
        }

        throw Bad("the first message must be `register`");
    }

    /// <summary>
    /// Reads, handles and writes beside each other until the stream ends: a grain that takes its time delays neither the lease nor what the
    /// worker is told.
    /// </summary>
    private async Task ConverseAsync(
        WorkerStream worker, IAsyncStreamReader<WorkerMessage> requests, IServerStreamWriter<WireMessage> responses, CancellationToken cancellation)
    {
        var stream = worker.Connection;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stream.Ended, lifetime.ApplicationStopping);
        var heard = Channel.CreateBounded<WorkerMessage>(new BoundedChannelOptions(MostUnheard) { SingleReader = true, SingleWriter = true });
        var writing = stream.WriteToAsync(responses, cancellation);
        var handling = HandleAllAsync(worker.Worker, stream, heard.Reader, end.Token);
        try
        {
            await ReadAsync(worker, requests, heard, end.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            // The stream broke, or this replica ended it; who attached is gone until it attaches again.
        }
        finally
        {
            heard.Writer.TryComplete();
            stream.End(lifetime.ApplicationStopping.IsCancellationRequested ? new Status(StatusCode.Unavailable, "this replica is shutting down") : new Status(StatusCode.OK, ""));
            await end.CancelAsync();
            await handling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReadAsync(WorkerStream stream, IAsyncStreamReader<WorkerMessage> requests, Channel<WorkerMessage> heard, CancellationToken cancellation)
    {
        while (await requests.MoveNext(cancellation))
        {
            stream.Heard();
            if (requests.Current is { MessageCase: WorkerMessage.MessageOneofCase.None } or { LeaseRenewal.WarmUp: null }) continue;
            if (!heard.Writer.TryWrite(requests.Current)) stream.Connection.End(new Status(StatusCode.ResourceExhausted, $"{MostUnheard} messages from this worker are waiting to be handled"));
        }
    }

    private async Task LeaveAsync(WorkerKey worker, long session)
    {
        try
        {
            // That this replica stops says nothing about the worker: it has its whole lease to attach elsewhere.
            if (!lifetime.ApplicationStopping.IsCancellationRequested) await Fleet.StreamEndedAsync(worker, session);
            pulse.Nudge();
        }
        catch (Exception error) when (GrainCalls.IsPassing(error))
        {
            // Its lease runs out, or it attaches elsewhere.
            Delayed(log, "the end of the stream", worker.Worker, error);
        }
    }

    private async Task HandleAllAsync(WorkerKey worker, WorkerConnection stream, ChannelReader<WorkerMessage> heard, CancellationToken cancellation)
    {
        await foreach (var message in heard.ReadAllAsync(cancellation))
        {
            // A report is complete: one that a later one follows already says nothing more.
            if (message.MessageCase == WorkerMessage.MessageOneofCase.RunReport && heard.TryPeek(out var next) && next.MessageCase == WorkerMessage.MessageOneofCase.RunReport
                && next.RunReport.Run == message.RunReport.Run && (next.RunReport.Generation, next.RunReport.Stage) == (message.RunReport.Generation, message.RunReport.Stage))
                continue;
            try
            {
                // What is said again anyway is tried for a while; what is kept until it is acknowledged, as long as the stream lasts.
                await GrainCalls.RetryAsync(
                    async () =>
                    {
                        await HandleAsync(worker, stream, message);
                        return true;
                    },
                    message.Number > 0 ? TimeSpan.MaxValue : GrainCalls.WorkersPatience, time, cancellation);
            }
            catch (RpcException refused)
            {
                stream.End(refused.Status);
                return;
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                Unhandled(log, worker.Worker, message.MessageCase, error);
            }
        }
    }

    private async Task HandleAsync(WorkerKey worker, WorkerConnection stream, WorkerMessage message)
    {
        switch (message.MessageCase)
        {
            case WorkerMessage.MessageOneofCase.RunReport:
                await Run(message.RunReport.Run).ReportAsync(RunMessages.ToReport(worker, message.RunReport, cluster));
                break;
            case WorkerMessage.MessageOneofCase.LeaseRenewal:
                var warmUp = message.LeaseRenewal.WarmUp;
                await Run(warmUp.Run).WarmedAsync(worker, warmUp.IsWarm, warmUp.Trouble);
                break;
            case WorkerMessage.MessageOneofCase.ProbeResult:
                var verdict = await Fleet.ProbedAsync(worker, message.ProbeResult.DigestSha256);
                if (verdict.Verdict == JoinVerdict.Evicted) stream.End(new Status(StatusCode.PermissionDenied, verdict.Reason), isBan: true);
                else pulse.Nudge();
                break;
            case WorkerMessage.MessageOneofCase.StateDigest:
                await Run(message.StateDigest.Run).CheckAsync(RunMessages.ToCheck(worker, message.StateDigest));
                break;
            case WorkerMessage.MessageOneofCase.SliceReport:
                var slice = message.SliceReport;
                await Run(slice.Run).SliceAsync(new(worker.Worker, worker.Incarnation, slice.Attempt, slice.SizeBytes, slice.SliceSha256, slice.StateSha256, slice.Error, slice.SliceJson, message.Traceparent));
                break;
            case WorkerMessage.MessageOneofCase.Draining:
                await Fleet.DrainAsync(worker);
                pulse.Nudge();
                break;
            case WorkerMessage.MessageOneofCase.RunNote:
                await Run(message.RunNote.Run).NoteAsync(new(worker, message.Number, message.RunNote.Json, message.RunNote.Text, message.RunNote.IsTick, message.RunNote.IsFailure));
                break;
            case WorkerMessage.MessageOneofCase.LogLines:
                await Run(message.LogLines.Run).LogAsync(worker.Worker, [.. message.LogLines.Lines]);
                break;
            case WorkerMessage.MessageOneofCase.PartReport:
                if (EvaluationMessages.ToReport(worker, message.PartReport) is not { } part) break;
                if (!await grains.GetGrain<IEvaluationsGrain>(0).ReportAsync(part) && part.News == Core.Evaluations.PartNews.Done)
                    await Run(message.PartReport.Run).TidyAsync(message.PartReport.Snapshot);
                break;
            case WorkerMessage.MessageOneofCase.DataFacts:
                await grains.GetGrain<IInspectionGrain>(message.DataFacts.Request).AnswerAsync(InspectionAnswer.Of(message.DataFacts));
                break;
        }

        if (message.Number > 0) stream.Send(new CoordinatorMessage { Cluster = cluster.Id, Acknowledged = new() { UpTo = message.Number } });
    }

    private IRunGrain Run(string name) => FleetName.IsValid(name) ? grains.GetGrain<IRunGrain>(name) : throw Bad($"`{name}` is not a valid run name");
}

/// <summary>The method Attach of fleet.proto, as a server needs it whose answers are encoded before the stream gets them.</summary>
internal static class AttachFormat
{
    /// <summary>The method.</summary>
    public static Method<WorkerMessage, WireMessage> Attach { get; } = new(
        MethodType.DuplexStreaming, "atelier.v1.Fleet", nameof(Attach),
        new Marshaller<WorkerMessage>((message, context) => context.Complete(message.ToByteArray()), context => WorkerMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        new Marshaller<WireMessage>(Write, context => new WireMessage(CoordinatorMessage.Parser.ParseFrom(context.PayloadAsReadOnlySequence()))));

    private static void Write(WireMessage message, SerializationContext context)
    {
        context.SetPayloadLength(message.Bytes.Length);
        context.GetBufferWriter().Write(message.Bytes);
        context.Complete();
    }
}
