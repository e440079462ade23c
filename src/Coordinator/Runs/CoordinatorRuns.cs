using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Dashboard.Sources;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Runs;

/// <summary>The runs of this coordinator, for its dashboard: what the service for people answers, without a wire in between.</summary>
/// <param name="service">The service.</param>
/// <param name="time">The clock.</param>
internal sealed class CoordinatorRuns(RunsService service, TimeProvider time) : IRunSource
{
    /// <inheritdoc/>
    public bool IsCoordinator => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Run>> RunsAsync(CancellationToken cancellation) => (await AskAsync(context => service.List(new() { IncludeEnded = true }, context), cancellation)).Runs;

    /// <inheritdoc/>
    public Task<RunDescription> DescribeAsync(string run, CancellationToken cancellation) => AskAsync(context => service.Describe(new() { Run = run }, context), cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RunEvent>> EventsAsync(string run, long after, CancellationToken cancellation) => await AskAsync(_ => service.EventsAsync(run, after), cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> EventLinesAsync(string run, int most, CancellationToken cancellation)
    {
        var description = await DescribeAsync(run, cancellation);
        return await new RunStore(description.Places.RunStore, time).TailAsync(RunStore.Events, most, cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Worker>> WorkersAsync(CancellationToken cancellation) => (await AskAsync(context => service.ListWorkers(new(), context), cancellation)).Workers;

    /// <inheritdoc/>
    public Task<SubmitPreview> PreviewAsync(SubmitRequest request, CancellationToken cancellation) => AskAsync(context => service.Preview(request, context), cancellation);

    /// <inheritdoc/>
    public Task<Run> SubmitAsync(SubmitRequest request, CancellationToken cancellation) => AskAsync(context => service.Submit(request, context), cancellation);

    /// <inheritdoc/>
    public Task<Run> PauseAsync(PauseRequest request, CancellationToken cancellation) => AskAsync(context => service.Pause(request, context), cancellation);

    /// <inheritdoc/>
    public Task<Run> ResumeAsync(ResumeRequest request, CancellationToken cancellation) => AskAsync(context => service.Resume(request, context), cancellation);

    /// <inheritdoc/>
    public Task<Run> CancelAsync(CancelRequest request, CancellationToken cancellation) => AskAsync(context => service.Cancel(request, context), cancellation);

    /// <summary>Mistakes come back from the service as statuses; here they are what they were.</summary>
    private static async Task<T> AskAsync<T>(Func<ServerCallContext, Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask(new LocalCall(cancellation));
        }
        catch (RpcException refused)
        {
            throw refused.StatusCode switch
            {
                StatusCode.NotFound => new RunNotFoundException(refused.Status.Detail, refused),
                StatusCode.AlreadyExists => new RunExistsException(refused.Status.Detail, refused),
                StatusCode.FailedPrecondition => new RunStateException(refused.Status.Detail, refused),
                StatusCode.InvalidArgument => new UserErrorException(refused.Status.Detail, refused),
                _ => new SourceUnavailableException(refused.Status.Detail, refused),
            };
        }
    }

    /// <summary>A call that comes from this process.</summary>
    private sealed class LocalCall(CancellationToken cancellation) : ServerCallContext
    {
        protected override string MethodCore => "";

        protected override string HostCore => "";

        protected override string PeerCore => "";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore { get; } = [];

        protected override CancellationToken CancellationTokenCore => cancellation;

        protected override Metadata ResponseTrailersCore { get; } = [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore { get; } = new(null, []);

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException("A call within the process is not passed on.");

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
    }
}
