using Atelier.Coordinator.Fleet;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Runs;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Kubernetes;
using Atelier.Core.Specs;
using Atelier.Kubernetes.Operator;
using Atelier.Protos;
using Grpc.Core;
using Orleans;

namespace Atelier.Coordinator.Operator;

/// <summary>The coordinator's runs for the operator of Kubernetes, which may do what a person may.</summary>
/// <param name="grains">The grains.</param>
/// <param name="runs">What people ask.</param>
/// <param name="pulse">Told when a run has to be looked at.</param>
/// <param name="time">The clock.</param>
internal sealed class OperatorRuns(IGrainFactory grains, RunsService runs, RunPulse pulse, TimeProvider time) : IRunDirectory
{
    private const double Kimg = 1000;

    private IFleetGrain Fleet => grains.GetGrain<IFleetGrain>(0);

    /// <inheritdoc/>
    public Task<RunObservation?> FindAsync(string run, CancellationToken cancellation) => CallAsync<RunObservation?>(async () =>
    {
        if ((await Fleet.ListAsync()).Find(row => row.Details.Run == run) is not { } row) return null;
        var facts = await grains.GetGrain<IRunGrain>(run).DescribeAsync();
        var target = RunSpecJson.Read(row.Details.SpecJson, "the spec").Total.Images;
        return new(row.Status, PeopleMessages.ReasonOf(row, facts), new(
            facts.Images / Kimg, target / Kimg, facts.ImagesPerSecond, facts.Generation, facts.Workers.Count, facts.SnapshotImages / Kimg,
            facts.SecondsUntil(target))
        {
            Metrics = facts.Metrics,
        });
    }, cancellation);

    /// <inheritdoc/>
    public Task<bool> CanInspectAsync(string run, CancellationToken cancellation) => CallAsync(async () =>
        (await Fleet.WorkersAsync()).Exists(row => row.Status == MemberStatus.Admitted && Submission.MayInspect(row, run)), cancellation);

    /// <inheritdoc/>
    public Task SubmitAsync(string run, TrainingRunSpec spec, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var request = new SubmitRequest
        {
            Run = run,
            Recipe = spec.Recipe,
            DataPath = spec.Data,
            RunStore = spec.Out,
            InitPath = spec.Init,
            Priority = spec.Priority,
            MinWorkers = spec.Workers?.Min ?? 1,
            MaxWorkers = spec.Workers?.Max ?? 0,
            AcceptNewNumerics = spec.AcceptNewNumerics,
        };
        request.Assignments.AddRange(spec.Assignments);
        return CallAsync(async () =>
        {
            await runs.SubmitAsync(request, cancellation);
            pulse.Nudge();
            return true;
        }, cancellation);
    }

    /// <inheritdoc/>
    public Task PauseAsync(string run, CancellationToken cancellation) => CommandAsync(run, RunCommand.Pause, cancellation);

    /// <inheritdoc/>
    public Task CancelAsync(string run, bool discards, CancellationToken cancellation) => CommandAsync(run, discards ? RunCommand.Discard : RunCommand.Cancel, cancellation);

    /// <inheritdoc/>
    public Task ResumeAsync(string run, CancellationToken cancellation) => CallAsync(async () =>
    {
        await runs.ResumeAsync(new ResumeRequest { Run = run });
        return true;
    }, cancellation);

    /// <inheritdoc/>
    public Task ForgetAsync(string run, CancellationToken cancellation) => CallAsync(async () =>
    {
        await runs.DeleteAsync(run);
        return true;
    }, cancellation);

    private Task<bool> CommandAsync(string run, RunCommand command, CancellationToken cancellation) => CallAsync(async () =>
    {
        await Fleet.CommandAsync(run, command);
        pulse.Nudge();
        return true;
    }, cancellation);

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            return await GrainCalls.RetryAsync(call, GrainCalls.PeoplesPatience, time, cancellation);
        }
        catch (RpcException refused)
        {
            throw new IOException(refused.Status.Detail, refused);
        }
    }
}
