using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Protos;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Orleans;
using RunStatus = Atelier.Core.Fleet.Queue.RunStatus;

namespace Atelier.Coordinator.Runs;

/// <summary>What people ask; mistakes come back as INVALID_ARGUMENT and its kin, with what to change.</summary>
/// <param name="grains">The grains.</param>
/// <param name="submission">Resolves what is submitted.</param>
/// <param name="pulse">Told when a run has to be looked at.</param>
/// <param name="lifetime">Tells when this coordinator stops: callers then ask the next one.</param>
/// <param name="time">The clock.</param>
internal sealed class RunsService(IGrainFactory grains, Submission submission, RunPulse pulse, IHostApplicationLifetime lifetime, TimeProvider time) : Protos.Runs.RunsBase
{
    /// <summary>How often a watched run is looked at.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(200);

    private IFleetGrain Fleet => grains.GetGrain<IFleetGrain>(0);

    /// <inheritdoc/>
    public override Task<Run> Submit(SubmitRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var details = await submission.ResolveAsync(request, context.CancellationToken);
        await Fleet.SubmitAsync(details);
        pulse.Nudge();
        return await GetAsync(details.Run);
    });

    /// <inheritdoc/>
    public override Task<ListResponse> List(ListRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var response = new ListResponse();
        foreach (var row in await Fleet.ListAsync())
            if (request.IncludeEnded || !HasEnded(row)) response.Runs.Add(await DescribeAsync(row));
        return response;
    });

    /// <inheritdoc/>
    public override Task<Run> Get(GetRequest request, ServerCallContext context) => AnswerAsync(() => GetAsync(request.Run));

    /// <inheritdoc/>
    public override Task<Run> Pause(PauseRequest request, ServerCallContext context) => CommandAsync(request.Run, RunCommand.Pause);

    /// <inheritdoc/>
    public override Task<Run> Cancel(CancelRequest request, ServerCallContext context) => CommandAsync(request.Run, RunCommand.Cancel);

    /// <inheritdoc/>
    public override Task<Run> Resume(ResumeRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var row = await RowAsync(request.Run);
        var details = Submission.Change(row.Details, request.Assignments);
        if (request.AcceptNewNumerics) details = details with { Numerics = null };
        await Fleet.ResumeAsync(details, request.AcceptNewNumerics);
        await grains.GetGrain<IRunGrain>(request.Run).ResumedAsync(details);
        pulse.Nudge();
        return await GetAsync(request.Run);
    });

    /// <inheritdoc/>
    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchUpdate> responseStream, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        var after = request.AfterEvent;
        Run? told = null;
        using var again = new PeriodicTimer(WatchInterval, time);
        do
        {
            var row = await AnswerAsync(() => RowAsync(request.Run));
            // Looked at before the events, so that an ended run, and a measured snapshot, is told last.
            var run = await DescribeAsync(row);
            foreach (var happened in await grains.GetGrain<IRunGrain>(request.Run).EventsAsync(after))
            {
                after = happened.Number;
                await responseStream.WriteAsync(new() { Event = new() { Number = happened.Number, AtUnixMs = happened.AtUnixMs, Json = happened.Json, Text = happened.Text } }, context.CancellationToken);
            }

            if (!run.Equals(told)) await responseStream.WriteAsync(new() { Run = run }, context.CancellationToken);
            told = run;
            if (HasEnded(row) && run.Evaluations.Count == 0) return;
        }
        while (await NextAsync(again, context.CancellationToken));
    }

    /// <inheritdoc/>
    public override async Task Logs(LogsRequest request, IServerStreamWriter<LogLine> responseStream, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        var row = await AnswerAsync(() => RowAsync(request.Run));
        var after = 0L;
        using var again = new PeriodicTimer(WatchInterval, time);
        do
        {
            foreach (var line in await grains.GetGrain<IRunGrain>(row.Details.Run).LogsAsync(after))
            {
                after = line.Number;
                if (request.Worker.Length == 0 || request.Worker == line.Worker)
                    await responseStream.WriteAsync(new() { Worker = line.Worker, AtUnixMs = line.AtUnixMs, Text = line.Text }, context.CancellationToken);
            }
        }
        while (request.Follow && await NextAsync(again, context.CancellationToken));
    }

    private async Task<bool> NextAsync(PeriodicTimer again, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        try
        {
            return await again.WaitForNextTickAsync(either.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "this coordinator stops"));
        }
    }

    private static bool HasEnded(QueueRow row) => row.Status is RunStatus.Finished or RunStatus.Failed or RunStatus.Cancelled;

    private Task<Run> CommandAsync(string run, RunCommand command) => AnswerAsync(async () =>
    {
        await RowAsync(run);
        await Fleet.CommandAsync(run, command);
        pulse.Nudge();
        return await GetAsync(run);
    });

    private async Task<Run> GetAsync(string run) => await DescribeAsync(await RowAsync(run));

    private async Task<QueueRow> RowAsync(string run)
    {
        _ = new RunId(run);
        return (await Fleet.ListAsync()).FirstOrDefault(row => row.Details.Run == run)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"there is no run called {run}; `atelier ls` lists the runs"));
    }

    private async Task<Run> DescribeAsync(QueueRow row)
    {
        var details = row.Details;
        var facts = await grains.GetGrain<IRunGrain>(details.Run).DescribeAsync();
        var run = new Run
        {
            Run_ = details.Run,
            Status = StatusOf(row.Status),
            Reason = row.Reason.Length > 0 ? row.Reason : facts.Reason,
            Priority = details.Priority,
            MinWorkers = details.MinWorkers,
            MaxWorkers = details.MaxWorkers,
            Generation = facts.Generation,
            Iteration = facts.Iteration,
            TargetIteration = facts.TargetIteration,
            Images = facts.Images,
            ImagesPerSecond = Math.Round(facts.ImagesPerSecond, 2),
            SpecJson = details.SpecJson,
            SubmittedUnixMs = details.SubmittedUnixMs,
            ChangedUnixMs = row.ChangedUnixMs,
        };
        run.Workers.AddRange(facts.Workers);
        if (facts.SnapshotImages is { } images) run.SnapshotImages = images;
        run.Evaluations.AddRange((await grains.GetGrain<IEvaluationsGrain>(0).ListAsync(details.Run)).Select(evaluation => new Evaluation
        {
            Metric = evaluation.Id.Metric,
            Snapshot = evaluation.Id.Snapshot,
            SamplesDone = evaluation.SamplesDone,
            Samples = evaluation.Samples,
        }));
        return run;
    }

    private static Protos.RunStatus StatusOf(RunStatus status) => status switch
    {
        RunStatus.Queued => Protos.RunStatus.Queued,
        RunStatus.Forming => Protos.RunStatus.Forming,
        RunStatus.Running => Protos.RunStatus.Running,
        RunStatus.Halting => Protos.RunStatus.Halting,
        RunStatus.Paused => Protos.RunStatus.Paused,
        RunStatus.Finished => Protos.RunStatus.Finished,
        RunStatus.Failed => Protos.RunStatus.Failed,
        RunStatus.Cancelled => Protos.RunStatus.Cancelled,
        _ => Protos.RunStatus.Unspecified,
    };

    /// <summary>A person's mistake is no failure of the server; what passes is tried again.</summary>
    private async Task<T> AnswerAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            return await GrainCalls.RetryAsync(answer, time, CancellationToken.None);
        }
        catch (UserErrorException mistake)
        {
            throw new RpcException(new Status(StatusOf(mistake.Message), mistake.Message));
        }
        catch (Exception failure) when (GrainCalls.IsPassing(failure))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"the coordinator's state cannot be read or stored now: {failure.Message}"));
        }
    }

    private static StatusCode StatusOf(string message) =>
        message.StartsWith("There is a run called", StringComparison.Ordinal) ? StatusCode.AlreadyExists
        : message.StartsWith("There is no run", StringComparison.Ordinal) ? StatusCode.NotFound
        : message.Contains(" and cannot be ", StringComparison.Ordinal) ? StatusCode.FailedPrecondition
        : StatusCode.InvalidArgument;
}
