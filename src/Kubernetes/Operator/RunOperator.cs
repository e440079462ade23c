using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Objects;

namespace Atelier.Kubernetes.Operator;

/// <summary>
/// Brings what is there to what <c>TrainingRun</c>s want: looks at everything, decides (<see cref="OperatorPolicy"/>), acts, once for each
/// change and every second, as the coordinator's runs have no watch.
/// </summary>
/// <param name="api">The cluster.</param>
/// <param name="runs">The coordinator.</param>
/// <param name="settings">Times.</param>
/// <param name="say">Told of what a person may want to know, a line at a time.</param>
/// <param name="time">The clock.</param>
public sealed class RunOperator(KubernetesApi api, IRunDirectory runs, OperatorSettings settings, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private string _said = "";

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var wake = new SemaphoreSlim(0);
        void Wake()
        {
            if (wake.CurrentCount == 0) wake.Release();
        }

        var caches = new OperatorCaches(
            new ObjectCache(api, ResourceKind.TrainingRuns, "", Wake, time),
            new ObjectCache(api, ResourceKind.Jobs, WorkerJob.RunLabel, Wake, time),
            new ObjectCache(api, ResourceKind.Pods, WorkerJob.RunLabel, Wake, time));
        var executor = new OperatorExecutor(api, runs, Wake, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] watches = [caches.Runs.RunAsync(stop.Token), caches.Jobs.RunAsync(stop.Token), caches.Pods.RunAsync(stop.Token)];
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                SayOnce(caches);
                if (caches.Runs.IsListed && caches.Jobs.IsListed && caches.Pods.IsListed)
                    await PassAsync(caches, executor, cancellation);
                using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await Task.WhenAny(wake.WaitAsync(interval.Token), Task.Delay(Interval, time, interval.Token));
                await interval.CancelAsync();
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([.. watches, executor.EndAsync()]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PassAsync(OperatorCaches caches, OperatorExecutor executor, CancellationToken cancellation)
    {
        var objects = caches.Runs.Objects;
        executor.Keep(objects.Values.Select(json => json["metadata"].At("uid").Text()).ToHashSet());
        var pods = caches.Pods.Objects.Values.ToLookup(pod => pod["metadata"].At("labels", WorkerJob.RunLabel).Text());
        foreach (var (name, json) in objects)
        {
            try
            {
                await ReconcileAsync(json, caches.Jobs.Objects.GetValueOrDefault(name), pods[name], executor, caches, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // One run does not keep the others from going on; the next pass tries again.
                SayOnce($"Kubernetes: TrainingRun {name}: {error.Message}; retrying");
            }
        }
    }

    private async Task ReconcileAsync(JsonObject json, JsonObject? job, IEnumerable<JsonObject> pods, OperatorExecutor executor, OperatorCaches caches, CancellationToken cancellation)
    {
        var run = TrainingRunObject.Read(json);
        var known = await runs.FindAsync(run.Name, cancellation);
        var seen = new OperatorObservation(
            run, job is null ? null : WorkerObservations.Job(job), [.. pods.Select(WorkerObservations.Pod)], known,
            known is null && !run.IsDeleting && await runs.CanInspectAsync(run.Name, cancellation), executor.RefusalsOf(run.Uid));
        await executor.ApplyAsync(seen, json, OperatorPolicy.Decide(seen, settings, time.GetUtcNow()), caches, cancellation);
    }

    private void SayOnce(OperatorCaches caches)
    {
        var trouble = new[] { caches.Runs, caches.Jobs, caches.Pods }.Select(cache => cache.Trouble).FirstOrDefault(trouble => trouble is not null);
        if (trouble is not null) SayOnce($"Kubernetes: {trouble}; retrying");
        else if (_said.Length == 0 && caches.Runs.IsListed) SayOnce($"Kubernetes: acting as the operator for TrainingRuns in namespace {api.Access.Namespace}");
    }

    private void SayOnce(string line)
    {
        if (line != _said) say(_said = line);
    }
}
