using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Objects;

namespace Atelier.Kubernetes.Operator;

/// <summary>
/// Does what was decided: the one place where the operator changes anything. What conflicts with somebody else's change is left to the next
/// pass; what is refused is remembered, for the next decision and for people.
/// </summary>
/// <param name="api">The cluster.</param>
/// <param name="runs">The coordinator.</param>
/// <param name="wake">Asks for another pass.</param>
/// <param name="time">The clock.</param>
internal sealed class OperatorExecutor(KubernetesApi api, IRunDirectory runs, Action wake, TimeProvider time)
{
    /// <summary>The name under which the operator owns fields.</summary>
    public const string Manager = "atelier-operator";

    private readonly ConcurrentDictionary<(string Uid, OperatorStep Step), Refusal> _refusals = new();
    private readonly ConcurrentDictionary<string, Task> _submissions = new();

    /// <summary>What was refused of an object.</summary>
    public IReadOnlyList<Refusal> RefusalsOf(string uid) => [.. _refusals.Where(refusal => refusal.Key.Uid == uid).Select(refusal => refusal.Value)];

    /// <summary>Forgets objects that are gone.</summary>
    /// <param name="uids">Those that are there.</param>
    public void Keep(IReadOnlySet<string> uids)
    {
        foreach (var gone in _refusals.Keys.Where(key => !uids.Contains(key.Uid))) _refusals.TryRemove(gone, out _);
        foreach (var (uid, submission) in _submissions)
            if (submission.IsCompleted) _submissions.TryRemove(uid, out _);
    }

    /// <summary>Waits for what is under way.</summary>
    public Task EndAsync() => Task.WhenAll(_submissions.Values);

    /// <summary>Does it.</summary>
    /// <param name="seen">What was decided about.</param>
    /// <param name="owner">The object as the server has it.</param>
    /// <param name="decision">What was decided.</param>
    /// <param name="caches">Told of the answers.</param>
    public async Task ApplyAsync(OperatorObservation seen, JsonObject owner, OperatorDecision decision, OperatorCaches caches, CancellationToken cancellation)
    {
        try
        {
            foreach (var action in decision.Actions)
                await DoAsync(action, seen, owner, caches, cancellation);
            if (decision.Status != seen.Run.Status && decision.Actions is not [.., OperatorAction.RemoveFinalizer])
                await WriteStatusAsync(seen.Run, owner, decision.Status, caches, cancellation);
        }
        catch (KubernetesApiException error) when (error.IsConflict || error.IsNotFound)
        {
            // Somebody was faster; the watch says what there is now.
        }
    }

    private async Task DoAsync(OperatorAction action, OperatorObservation seen, JsonObject owner, OperatorCaches caches, CancellationToken cancellation)
    {
        var (run, name) = (seen.Run, seen.Run.Name);
        switch (action)
        {
            case OperatorAction.AddFinalizer:
                await FinalizersAsync(owner, TrainingRunObject.Finalizers(owner).Append(TrainingRunObject.Finalizer), caches, cancellation);
                break;
            case OperatorAction.RemoveFinalizer:
                await FinalizersAsync(owner, TrainingRunObject.Finalizers(owner).Where(one => one != TrainingRunObject.Finalizer), caches, cancellation);
                break;
            case OperatorAction.Submit:
                Submit(run, cancellation);
                break;
            case OperatorAction.Pause:
                await CommandAsync(run, () => runs.PauseAsync(name, cancellation));
                break;
            case OperatorAction.Resume:
                await CommandAsync(run, () => runs.ResumeAsync(name, cancellation));
                break;
            case OperatorAction.Cancel cancel:
                await CommandAsync(run, () => runs.CancelAsync(name, cancel.Discards, cancellation));
                break;
            case OperatorAction.Forget:
                await CommandAsync(run, () => runs.ForgetAsync(name, cancellation));
                break;
            case OperatorAction.CreateJob create:
                await WorkersAsync(run, async () =>
                {
                    var template = await api.FindAsync(ResourceKind.PodTemplates, run.Spec!.Workers!.Template, cancellation)
                        ?? throw new FormatException($"PodTemplate {run.Spec.Workers.Template} not found in namespace {api.Access.Namespace}; deploy/k8s/base has one.");
                    caches.Jobs.Observe(await api.CreateAsync(ResourceKind.Jobs, WorkerJob.Make(run, owner, template, create.IsSuspended), Manager, cancellation));
                });
                break;
            case OperatorAction.DeleteJob:
                await WorkersAsync(run, () => api.DeleteAsync(ResourceKind.Jobs, name, caches.Jobs.Objects[name]["metadata"].At("uid").Text(), cancellation));
                break;
            case OperatorAction.ScaleJob scale:
                await WorkersAsync(run, () => PatchJobAsync(name, WorkerJob.Scale(scale.Workers), caches, cancellation));
                break;
            case OperatorAction.SuspendJob suspend:
                await WorkersAsync(run, () => PatchJobAsync(name, new() { ["spec"] = new JsonObject { ["suspend"] = suspend.IsSuspended } }, caches, cancellation));
                break;
            default:
                throw new InvalidOperationException($"unknown action {action}");
        }
    }

    private async Task FinalizersAsync(JsonObject owner, IEnumerable<string> finalizers, OperatorCaches caches, CancellationToken cancellation)
    {
        var change = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = owner["metadata"].At("resourceVersion").Text(), ["finalizers"] = new JsonArray([.. finalizers.Select(one => (JsonNode)one)]) } };
        var changed = await api.PatchAsync(ResourceKind.TrainingRuns, owner["metadata"].At("name").Text(), "", change, Manager, cancellation);
        // Without its last finalizer it is gone, which the watch tells.
        if (TrainingRunObject.Finalizers(changed).Any()) caches.Runs.Observe(changed);
    }

    private async Task WriteStatusAsync(TrainingRun run, JsonObject owner, TrainingRunStatus status, OperatorCaches caches, CancellationToken cancellation)
    {
        var version = caches.Runs.Objects.GetValueOrDefault(run.Name, owner)["metadata"].At("resourceVersion").Text();
        var change = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = version }, ["status"] = TrainingRunStatusObject.Write(status) };
        caches.Runs.Observe(await api.PatchAsync(ResourceKind.TrainingRuns, run.Name, "status", change, Manager, cancellation));
    }

    private async Task PatchJobAsync(string name, JsonObject change, OperatorCaches caches, CancellationToken cancellation)
    {
        change["metadata"] = new JsonObject { ["resourceVersion"] = caches.Jobs.Objects[name]["metadata"].At("resourceVersion").Text() };
        caches.Jobs.Observe(await api.PatchAsync(ResourceKind.Jobs, name, "", change, Manager, cancellation));
    }

    /// <summary>A worker may take long to look at the data: meanwhile other runs go on.</summary>
    private void Submit(TrainingRun run, CancellationToken cancellation)
    {
        if (_submissions.TryGetValue(run.Uid, out var under) && !under.IsCompleted) return;
        _submissions[run.Uid] = SubmitAsync(run, cancellation);
    }

    private async Task SubmitAsync(TrainingRun run, CancellationToken cancellation)
    {
        try
        {
            await runs.SubmitAsync(run.Name, run.Spec!, cancellation);
            _refusals.TryRemove((run.Uid, OperatorStep.Submission), out _);
        }
        catch (UserErrorException mistake)
        {
            Refuse(run, OperatorStep.Submission, nameof(TrainingRunPhase.Invalid), mistake.Message);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception error)
        {
            Refuse(run, OperatorStep.Submission, "NotNow", error.Message);
        }

        wake();
    }

    private async Task CommandAsync(TrainingRun run, Func<Task> command)
    {
        try
        {
            await command();
            _refusals.TryRemove((run.Uid, OperatorStep.Command), out _);
        }
        catch (UserErrorException mistake)
        {
            Refuse(run, OperatorStep.Command, "Refused", mistake.Message);
        }
    }

    private async Task WorkersAsync(TrainingRun run, Func<Task> change)
    {
        try
        {
            await change();
            _refusals.TryRemove((run.Uid, OperatorStep.Workers), out _);
        }
        catch (FormatException mistake)
        {
            Refuse(run, OperatorStep.Workers, "TemplateNotUsable", mistake.Message);
        }
        catch (KubernetesApiException error) when (!error.IsPassing && !error.IsConflict && !error.IsNotFound)
        {
            Refuse(run, OperatorStep.Workers, error.IsForbidden ? "Forbidden" : error.Reason is { Length: > 0 } reason ? reason : "Refused", error.Message);
        }
    }

    private void Refuse(TrainingRun run, OperatorStep step, string reason, string message) =>
        _refusals[(run.Uid, step)] = new(step, reason, message, time.GetUtcNow(), run.Generation);
}

/// <summary>What the operator knows of the cluster.</summary>
/// <param name="Runs">The <c>TrainingRun</c>s.</param>
/// <param name="Jobs">Jobs of runs.</param>
/// <param name="Pods">Their pods.</param>
internal sealed record OperatorCaches(ObjectCache Runs, ObjectCache Jobs, ObjectCache Pods);
