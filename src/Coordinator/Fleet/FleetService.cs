using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Coordinator.Runs;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Orleans;
using Welcome = Atelier.Protos.Welcome;

namespace Atelier.Coordinator.Fleet;

/// <summary>The workers' streams: what they say goes to the grains, what grains order goes back.</summary>
/// <param name="grains">The grains.</param>
/// <param name="pulse">Told when the fleet has changed.</param>
/// <param name="cluster">Whose orders these are.</param>
/// <param name="settings">Deadlines.</param>
/// <param name="limits">What is borne with before a worker has said who it is.</param>
/// <param name="lifetime">Tells when this coordinator stops: workers then try the next one.</param>
/// <param name="time">The clock.</param>
internal sealed class FleetService(IGrainFactory grains, RunPulse pulse, ClusterIdentity cluster, FleetSettings settings, ServerLimits limits, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private IFleetGrain Fleet => grains.GetGrain<IFleetGrain>(0);

    /// <summary>What a server maps.</summary>
    public ServerServiceDefinition Definition => ServerServiceDefinition.CreateBuilder().AddMethod(AttachFormat.Attach, AttachAsync).Build();

    private async Task AttachAsync(IAsyncStreamReader<WorkerMessage> requestStream, IServerStreamWriter<WireMessage> responseStream, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        var card = CardOf(await FirstAsync(requestStream, context.CancellationToken));
        var outcome = await Fleet.JoinAsync(card);
        if (outcome.Verdict is JoinVerdict.Refused or JoinVerdict.Evicted)
            throw new RpcException(new Status(outcome.Verdict == JoinVerdict.Evicted ? StatusCode.PermissionDenied : StatusCode.FailedPrecondition, outcome.Reason));
        using var stream = new WorkerConnection();
        var reference = grains.CreateObjectReference<IWorkerConnection>(stream);
        var worker = grains.GetGrain<IWorkerGrain>(card.Key.Worker);
        try
        {
            await worker.AttachAsync(card.Key, reference);
            stream.Send(new CoordinatorMessage { Cluster = cluster.Id, Welcome = new Welcome { LeaseSeconds = settings.LeaseLength.TotalSeconds, ProtocolVersion = FleetSettings.CurrentProtocol } });
            if (outcome.Verdict == JoinVerdict.Probe)
                stream.Send(new CoordinatorMessage { Cluster = cluster.Id, ProbeRequest = new ProbeRequest { DeadlineSeconds = settings.ProbeDeadline.TotalSeconds } });
            else
                pulse.Nudge();
            await ConverseAsync(card.Key, stream, requestStream, responseStream, context.CancellationToken);
        }
        finally
        {
            if (await worker.DetachAsync(reference))
            {
                await Fleet.StreamEndedAsync(card.Key);
                pulse.Nudge();
            }

            grains.DeleteObjectReference<IWorkerConnection>(reference);
            GC.KeepAlive(stream);
        }

        if (stream.Status is { } status) throw new RpcException(status);
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
            register.Role == WorkerRole.Evaluator);
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
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"nothing came for {limits.FirstMessage.TotalSeconds} s; the first message is `register`"));
        }

        throw Bad("the first message is `register`");
    }

    private async Task ConverseAsync(
        WorkerKey worker, WorkerConnection stream, IAsyncStreamReader<WorkerMessage> requests, IServerStreamWriter<WireMessage> responses, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stream.Ended, lifetime.ApplicationStopping);
        var writing = stream.WriteToAsync(responses, cancellation);
        try
        {
            while (await requests.MoveNext(end.Token)) await HearAsync(worker, stream, requests.Current);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            // The stream broke, or the coordinator ended it; who attached is gone until it attaches again.
        }
        finally
        {
            stream.End(lifetime.ApplicationStopping.IsCancellationRequested ? new Status(StatusCode.Unavailable, "this coordinator stops") : new Status(StatusCode.OK, ""));
            await writing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task HearAsync(WorkerKey worker, WorkerConnection stream, WorkerMessage message)
    {
        if (!await Fleet.RenewAsync(worker))
        {
            // Its lease ran out, or it left by another stream: it has to join anew.
            stream.End(new Status(StatusCode.Aborted, $"{worker.Worker} is no member of the fleet any more"));
            return;
        }

        switch (message.MessageCase)
        {
            case WorkerMessage.MessageOneofCase.RunReport:
                await Run(message.RunReport.Run).ReportAsync(RunMessages.ToJson(worker, message.RunReport));
                break;
            case WorkerMessage.MessageOneofCase.ProbeResult:
                var verdict = await Fleet.ProbedAsync(worker, message.ProbeResult.DigestSha256);
                if (verdict.Verdict == JoinVerdict.Evicted) stream.End(new Status(StatusCode.PermissionDenied, verdict.Reason));
                else pulse.Nudge();
                break;
            case WorkerMessage.MessageOneofCase.StateDigest:
                await Run(message.StateDigest.Run).CheckAsync(RunMessages.ToJson(worker, message.StateDigest));
                break;
            case WorkerMessage.MessageOneofCase.SliceReport:
                var slice = message.SliceReport;
                await Run(slice.Run).SliceAsync(new(worker.Worker, worker.Incarnation, slice.Attempt, slice.SizeBytes, slice.SliceSha256, slice.StateSha256, slice.Error, slice.SliceJson));
                break;
            case WorkerMessage.MessageOneofCase.Draining:
                await Fleet.DrainAsync(worker);
                pulse.Nudge();
                break;
            case WorkerMessage.MessageOneofCase.RunNote:
                await Run(message.RunNote.Run).NoteAsync(message.RunNote.Json, message.RunNote.Text, message.RunNote.IsTick, message.RunNote.IsFailure);
                break;
            case WorkerMessage.MessageOneofCase.LogLines:
                await Run(message.LogLines.Run).LogAsync(worker.Worker, [.. message.LogLines.Lines]);
                break;
            case WorkerMessage.MessageOneofCase.PartReport:
                if (!await grains.GetGrain<IEvaluationsGrain>(0).ReportAsync(EvaluationMessages.ToNote(worker, message.PartReport)) && message.PartReport.News == Protos.PartNews.Done)
                    await Run(message.PartReport.Run).TidyAsync(message.PartReport.Snapshot);
                break;
            case WorkerMessage.MessageOneofCase.DataFacts:
                await grains.GetGrain<IInspectionGrain>(message.DataFacts.Request).AnswerAsync(InspectionAnswer.Of(message.DataFacts));
                break;
        }

        if (message.Number > 0) stream.Send(new CoordinatorMessage { Cluster = cluster.Id, Acknowledged = new() { UpTo = message.Number } });
    }

    private IRunGrain Run(string name) => FleetName.IsValid(name) ? grains.GetGrain<IRunGrain>(name) : throw Bad($"`{name}` is no name of a run");
}
