using Atelier.Coordinator.Evaluations;
using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Atelier.Protos;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Orleans;
using RunStatus = Atelier.Core.Fleet.Queue.RunStatus;

namespace Atelier.Coordinator.Runs;

/// <summary>What people ask; mistakes come back as INVALID_ARGUMENT and its kin, with what to change.</summary>
/// <param name="grains">The grains.</param>
/// <param name="submission">Resolves what is submitted.</param>
/// <param name="messenger">Tells workers that they are evicted.</param>
/// <param name="pulse">Told when a run has to be looked at.</param>
/// <param name="lifetime">Tells when this coordinator stops: callers then ask the next one.</param>
/// <param name="time">The clock.</param>
internal sealed class RunsService(IGrainFactory grains, Submission submission, WorkerMessenger messenger, RunPulse pulse, IHostApplicationLifetime lifetime, TimeProvider time) : Protos.Runs.RunsBase
{
    /// <summary>How often a watched run is looked at.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(200);

    private IFleetGrain Fleet => grains.GetGrain<IFleetGrain>(0);

    /// <inheritdoc/>
    public override Task<Run> Submit(SubmitRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var submitted = await SubmitAsync(request, context.CancellationToken);
        pulse.Nudge();
        var run = await GetAsync(submitted.Run.Run);
        run.AlreadySubmitted = submitted.IsKnown;
        return run;
    });

    /// <inheritdoc/>
    public override Task<SubmitPreview> Preview(SubmitRequest request, ServerCallContext context) => AnswerAsync<SubmitPreview>(async () =>
    {
        var submitted = await submission.ResolveAsync(request, context.CancellationToken);
        if (!submitted.IsKnown) await Fleet.RequireAdmissibleAsync(submitted.Run);
        var fitting = (await Fleet.WorkersAsync())
            .Where(row => row.Status == MemberStatus.Admitted && !row.Card.IsEvaluator && (submitted.Run.Numerics is null || row.Card.Numerics == submitted.Run.Numerics)).ToList();
        var run = submitted.IsKnown ? await GetAsync(submitted.Run.Run) : PeopleMessages.Of(submitted.Run);
        if (submitted.SnapshotImages is { } images) run.SnapshotImages = images;
        return new()
        {
            Run = run,
            Places = PeopleMessages.PlacesOf(submitted.Run),
            AlreadySubmitted = submitted.IsKnown,
            FittingWorkers = fitting.Count,
            FreeWorkers = fitting.Count(row => row.Run.Length == 0),
        };
    });

    /// <inheritdoc/>
    public override Task<ListResponse> List(ListRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var response = new ListResponse();
        foreach (var row in await Fleet.ListAsync())
            if (request.IncludeEnded || !RunLifecycle.HasEnded(row.Status)) response.Runs.Add(await DescribeAsync(row));
        return response;
    });

    /// <inheritdoc/>
    public override Task<Run> Get(GetRequest request, ServerCallContext context) => AnswerAsync(() => GetAsync(request.Run));

    /// <inheritdoc/>
    public override Task<Run> Pause(PauseRequest request, ServerCallContext context) => CommandAsync(request.Run, RunCommand.Pause);

    /// <inheritdoc/>
    public override Task<Run> Cancel(CancelRequest request, ServerCallContext context) => CommandAsync(request.Run, request.Discard ? RunCommand.Discard : RunCommand.Cancel);

    /// <inheritdoc/>
    public override Task<RunDescription> Describe(DescribeRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var row = await RowAsync(request.Run);
        var run = await DescribeAsync(row);
        var description = new RunDescription { Run = run, Places = PeopleMessages.PlacesOf(row.Details), Branch = row.Details.Branch, NumericsSha256 = row.Details.Numerics ?? "" };
        var workers = (await Fleet.WorkersAsync()).ToDictionary(worker => worker.Card.Key.Worker);
        description.Workers.AddRange(run.Workers.Where(workers.ContainsKey).Select(worker => PeopleMessages.Of(workers[worker])));
        description.LastEvents.AddRange((await grains.GetGrain<IRunGrain>(request.Run).EventsAsync(0)).TakeLast(request.LastEvents).Select(PeopleMessages.Of));
        return description;
    });

    /// <inheritdoc/>
    public override Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        _ = new RunId(request.Run);
        return new DeleteResponse { RunStore = (await DeleteAsync(request.Run)).Store };
    });

    /// <inheritdoc/>
    public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var response = new ListWorkersResponse();
        response.Workers.AddRange((await Fleet.WorkersAsync()).Select(PeopleMessages.Of));
        return response;
    });

    /// <inheritdoc/>
    public override Task<Worker> Evict(EvictRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var reason = string.Join(' ', request.Reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (reason.Length == 0) throw new UserErrorException("`reason` is empty: give a reason, for people who look for the worker later");
        var worker = await WorkerAsync(request.Worker);
        foreach (var dismissal in await Fleet.EvictAsync(request.Worker, reason, request.Ban))
        {
            var text = $"{dismissal.Worker} was evicted: {dismissal.Reason}";
            await messenger.DismissAsync(dismissal.Worker, text);
            if (worker.Run.Length > 0) await grains.GetGrain<IRunGrain>(worker.Run).EvictedAsync(text);
        }

        pulse.Nudge();
        return PeopleMessages.Of(await WorkerAsync(request.Worker));
    });

    /// <inheritdoc/>
    public override Task<Run> Resume(ResumeRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        await ResumeAsync(request);
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
                await responseStream.WriteAsync(new() { Event = PeopleMessages.Of(happened) }, context.CancellationToken);
            }

            if (!run.Equals(told)) await responseStream.WriteAsync(new() { Run = run }, context.CancellationToken);
            told = run;
            if (RunLifecycle.HasEnded(row.Status) && run.Evaluations.Count == 0) return;
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
            foreach (var line in await AnswerAsync(() => grains.GetGrain<IRunGrain>(row.Details.Run).LogsAsync(after)))
            {
                after = line.Number;
                if (request.Worker.Length == 0 || request.Worker == line.Worker)
                    await responseStream.WriteAsync(new() { Worker = line.Worker, AtUnixMs = line.AtUnixMs, Text = line.Text }, context.CancellationToken);
            }
        }
        while (request.Follow && await NextAsync(again, context.CancellationToken));
    }

    /// <summary>A run's events after a number.</summary>
    /// <exception cref="RpcException">There is no such run, or its state cannot be read now.</exception>
    public Task<List<RunEvent>> EventsAsync(string run, long after) => AnswerAsync<List<RunEvent>>(async () =>
    {
        await RowAsync(run);
        return [.. (await grains.GetGrain<IRunGrain>(run).EventsAsync(after)).Select(PeopleMessages.Of)];
    });

    private async Task<bool> NextAsync(PeriodicTimer again, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        try
        {
            return await again.WaitForNextTickAsync(either.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "this coordinator is shutting down"));
        }
    }

    /// <summary>Lets a run go on.</summary>
    internal async Task ResumeAsync(ResumeRequest request)
    {
        var row = await RowAsync(request.Run);
        var details = Submission.Change(row.Details, request.Assignments);
        if (request.AcceptNewNumerics) details = details with { Numerics = null };
        await Fleet.ResumeAsync(details, request.AcceptNewNumerics);
        await grains.GetGrain<IRunGrain>(request.Run).ResumedAsync(details);
        pulse.Nudge();
    }

    /// <summary>Forgets an ended run.</summary>
    /// <returns>The run as it was.</returns>
    internal async Task<RunDetails> DeleteAsync(string run)
    {
        var details = await Fleet.DetailsAsync(run);
        if (details is not null) await Fleet.DeleteAsync(run);
        // Also where an earlier try was cut off in between.
        await grains.GetGrain<IRunGrain>(run).ForgetAsync();
        return details ?? throw RunNotFoundException.Of(run);
    }

    /// <summary>Adds a run, unless the same was submitted before.</summary>
    internal async Task<ResolvedSubmission> SubmitAsync(SubmitRequest request, CancellationToken cancellation)
    {
        while (true)
        {
            var submitted = await submission.ResolveAsync(request, cancellation);
            if (submitted.IsKnown) return submitted;
            try
            {
                foreach (var forgotten in await Fleet.SubmitAsync(submitted.Run)) await grains.GetGrain<IRunGrain>(forgotten).ForgetAsync();
                return submitted;
            }
            catch (RunExistsException)
            {
                // It came from elsewhere at the same time; the next round compares.
            }
        }
    }

    private async Task<WorkerRow> WorkerAsync(string worker)
    {
        _ = new WorkerId(worker);
        return (await Fleet.WorkersAsync()).Find(row => row.Card.Key.Worker == worker) ?? throw WorkerNotFoundException.Of(worker);
    }

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
            ?? throw RunNotFoundException.Of(run);
    }

    private async Task<Run> DescribeAsync(QueueRow row)
    {
        var details = row.Details;
        var facts = await grains.GetGrain<IRunGrain>(details.Run).DescribeAsync();
        var run = PeopleMessages.Of(details);
        run.Status = PeopleMessages.Of(row.Status);
        run.Reason = PeopleMessages.ReasonOf(row, facts);
        run.Generation = facts.Generation;
        run.Iteration = facts.Iteration;
        run.TargetIteration = facts.TargetIteration;
        run.Images = facts.Images;
        run.ImagesPerSecond = Math.Round(facts.ImagesPerSecond, 2);
        run.ChangedUnixMs = row.ChangedUnixMs;
        run.Workers.AddRange(facts.Workers);
        if (facts.SecondsUntil(run.TargetImages) is { } seconds) run.RemainingSeconds = seconds;
        if (facts is { GeneratorLoss: { } g, DiscriminatorLoss: { } d }) (run.GeneratorLoss, run.DiscriminatorLoss) = (g, d);
        if (facts.Metric is { } metric) run.Metric = metric;
        if (facts.SnapshotImages is { } images) run.SnapshotImages = images;
        run.Evaluations.AddRange((await grains.GetGrain<IEvaluationsGrain>(0).ListAsync(details.Run)).Select(PeopleMessages.Of));
        return run;
    }

    /// <summary>A person's mistake is no failure of the server; what passes is tried again.</summary>
    private async Task<T> AnswerAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            return await GrainCalls.RetryAsync(answer, GrainCalls.PeoplesPatience, time, CancellationToken.None);
        }
        catch (UserErrorException mistake)
        {
            throw new RpcException(new Status(StatusOf(mistake), mistake.Message));
        }
        catch (Exception failure) when (GrainCalls.IsPassing(failure))
        {
            throw GrainCalls.Unavailable(failure);
        }
    }

    private static StatusCode StatusOf(UserErrorException mistake) => mistake switch
    {
        RunNotFoundException or WorkerNotFoundException => StatusCode.NotFound,
        RunExistsException => StatusCode.AlreadyExists,
        RunStateException => StatusCode.FailedPrecondition,
        _ => StatusCode.InvalidArgument,
    };
}
