using System.Text.Json.Nodes;

namespace Atelier.Kubernetes.Tests.ApiServer;

/// <summary>What runs in a pod.</summary>
internal interface IPodProcess
{
    /// <summary>Ends when it is ready.</summary>
    Task Ready { get; }

    /// <summary>Ends with its exit code.</summary>
    Task<int> Exit { get; }

    /// <summary>SIGTERM.</summary>
    void Terminate();

    /// <summary>SIGKILL.</summary>
    void Kill();
}

/// <summary>
/// The controller of Jobs and the nodes: keeps up the pods of Indexed Jobs, replaces those that have failed as podFailurePolicy and
/// backoffLimit say, and runs what is in them.
/// </summary>
/// <param name="store">The objects.</param>
/// <param name="start">Runs a pod.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalNodes(ObjectStore store, Func<JsonObject, IPodProcess> start, TimeProvider time)
{
    private readonly Dictionary<string, IPodProcess> _processes = [];
    private readonly Dictionary<string, (HashSet<int> Done, int Failed, HashSet<string> Seen)> _jobs = [];
    private readonly HashSet<string> _lost = [];
    private int _pods;

    /// <summary>Pods that were made so far.</summary>
    public int Made => _pods;

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var changed = store.Changed;
                foreach (var pod in store.List("pods", "").Items) Care(pod);
                foreach (var job in store.List("jobs", "").Items) Control(job);
                await changed.WaitAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var process in _processes.Values) process.Kill();
            await Task.WhenAll(_processes.Values.Select(process => process.Exit)).WaitAsync(TimeSpan.FromSeconds(10), time, CancellationToken.None);
        }
    }

    /// <summary>A node is drained, or a spot instance taken back: its pods get SIGTERM.</summary>
    public void Evict(string pod)
    {
        store.Node("pods", pod, json => AddCondition(json["status"]!.AsObject(), "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting"));
        store.Delete("pods", pod, null);
    }

    /// <summary>A node vanishes: nothing is heard of its pods, and nothing reaches them.</summary>
    public void LoseNode(string pod)
    {
        lock (_lost) _lost.Add(pod);
        store.Node("pods", pod, json =>
        {
            SetReady(json, isReady: false);
            (json["status"]!["phase"], json["status"]!["reason"]) = ("Unknown", "NodeLost");
        });
    }

    private void Care(JsonObject pod)
    {
        var name = Name(pod);
        lock (_lost)
        {
            if (_lost.Contains(name)) return;
        }

        if (!_processes.TryGetValue(name, out var process))
        {
            if (pod["metadata"]!["deletionTimestamp"] is not null)
            {
                store.Node("pods", name, null);
                return;
            }

            _processes[name] = process = start(pod);
            store.Node("pods", name, json => json["status"]!["phase"] = "Running");
            _ = FollowAsync(name, process);
            return;
        }

        if (pod["metadata"]!["deletionTimestamp"] is not null && Phase(pod) == "Running") process.Terminate();
        // Its Job has to count it before it is gone.
        if (pod["metadata"]!["deletionTimestamp"] is not null && Phase(pod) is "Succeeded" or "Failed" && IsCounted(name))
            store.Node("pods", name, null);
    }

    private bool IsCounted(string pod) => _jobs.Values.Any(job => job.Seen.Contains(pod)) || store.List("jobs", "").Items.Count == 0;

    private async Task FollowAsync(string name, IPodProcess process)
    {
        if (await Task.WhenAny(process.Ready, process.Exit) == process.Ready)
            store.Node("pods", name, json => SetReady(json, isReady: true));
        var code = await process.Exit;
        lock (_lost)
        {
            if (_lost.Contains(name)) return;
        }

        store.Node("pods", name, json =>
        {
            SetReady(json, isReady: false);
            json["status"]!["phase"] = code == 0 ? "Succeeded" : "Failed";
            json["status"]!["containerStatuses"] = new JsonArray(new JsonObject { ["name"] = "worker", ["state"] = new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = code } } });
        });
    }

    private void Control(JsonObject job)
    {
        var (name, uid, spec) = (Name(job), (string)job["metadata"]!["uid"]!, job["spec"]!);
        if (!_jobs.TryGetValue(uid, out var known)) known = ([], 0, []);
        var pods = store.List("pods", "").Items.Where(pod => (string?)pod["metadata"]!["ownerReferences"]![0]!["uid"] == uid).ToList();
        string? failure = null;
        foreach (var pod in pods.Where(pod => Phase(pod) is "Succeeded" or "Failed" && known.Seen.Add(Name(pod))))
        {
            if (Phase(pod) == "Succeeded") known.Done.Add(Index(pod));
            else if (ActionOn(spec, pod) is var action && action == "FailJob") failure = $"PodFailurePolicy|Container worker for pod {Name(pod)} failed with exit code {ExitCode(pod)} matching FailJob rule";
            else if (action == "Count") known.Failed++;
        }

        if (known.Failed > (int)spec["backoffLimit"]!) failure ??= "BackoffLimitExceeded|Job has reached the specified backoff limit";
        _jobs[uid] = known;
        var completions = (int)spec["completions"]!;
        var isOver = HasCondition(job, "Failed") || HasCondition(job, "Complete");
        var isComplete = known.Done.Count(index => index < completions) == completions;
        var keeps = !isOver && failure is null && !isComplete && (bool?)spec["suspend"] != true;
        foreach (var pod in pods.Where(pod => Phase(pod) is "Running" or "Pending" && (!keeps || Index(pod) >= completions)))
            store.Delete("pods", Name(pod), null);
        for (var index = 0; keeps && index < completions; index++)
        {
            // podReplacementPolicy Failed: the next one comes when the former has ended.
            if (!known.Done.Contains(index) && !pods.Exists(pod => Index(pod) == index && !known.Seen.Contains(Name(pod)))) Make(job, index);
        }

        store.Node("jobs", name, json =>
        {
            var status = json["status"] as JsonObject ?? [];
            json["status"] = status;
            (status["succeeded"], status["failed"]) = (known.Done.Count, known.Failed);
            if (isOver) return;
            if (failure?.Split('|') is [var reason, var message]) AddCondition(status, "Failed", "True", reason, message);
            else if (isComplete) AddCondition(status, "Complete", "True", "CompletionsReached", "");
        });
    }

    private void Make(JsonObject job, int index)
    {
        var template = job["spec"]!["template"]!.DeepClone().AsObject();
        var labels = template["metadata"]!["labels"]!.AsObject();
        (labels["batch.kubernetes.io/job-name"], labels["batch.kubernetes.io/job-completion-index"]) = (Name(job), $"{index}");
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{Name(job)}-{index}-{++_pods:00000}",
                ["labels"] = labels.DeepClone(),
                ["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = "Job", ["name"] = Name(job), ["uid"] = (string)job["metadata"]!["uid"]! }),
            },
            ["spec"] = template["spec"]!.DeepClone(),
        };
        store.Create("pods", pod, "kube-controller-manager");
        store.Node("pods", Name(pod), json => json["status"] = new JsonObject { ["phase"] = "Pending" });
    }

    /// <summary>What the Job's rules say of a pod that has failed; the first that fits.</summary>
    private static string ActionOn(JsonNode spec, JsonObject pod)
    {
        foreach (var rule in spec["podFailurePolicy"]!["rules"]!.AsArray())
        {
            var fits = rule!["onExitCodes"] is { } codes
                ? codes["values"]!.AsArray().Any(value => (int)value! == ExitCode(pod))
                : rule["onPodConditions"]!.AsArray().Any(wanted => (pod["status"]!["conditions"] as JsonArray ?? []).Any(there => (string?)there!["type"] == (string?)wanted!["type"]));
            if (fits) return (string)rule["action"]!;
        }

        return "Count";
    }

    private static void SetReady(JsonObject pod, bool isReady)
    {
        var status = pod["status"]!.AsObject();
        if (status["conditions"] is JsonArray conditions && conditions.FirstOrDefault(one => (string?)one!["type"] == "Ready") is { } former) conditions.Remove(former);
        AddCondition(status, "Ready", isReady ? "True" : "False", "", "");
    }

    private static void AddCondition(JsonObject status, string type, string value, string reason, string message)
    {
        if (status["conditions"] is not JsonArray conditions) status["conditions"] = conditions = [];
        conditions.Add((JsonNode)new JsonObject { ["type"] = type, ["status"] = value, ["reason"] = reason, ["message"] = message, ["lastTransitionTime"] = "2026-01-01T00:00:00Z" });
    }

    private static bool HasCondition(JsonObject json, string type) => (json["status"]?["conditions"] as JsonArray ?? []).Any(one => (string?)one!["type"] == type);

    private static string Name(JsonObject json) => (string)json["metadata"]!["name"]!;

    private static string Phase(JsonObject pod) => (string?)pod["status"]?["phase"] ?? "Pending";

    private static int Index(JsonObject pod) => int.Parse((string)pod["metadata"]!["labels"]!["batch.kubernetes.io/job-completion-index"]!);

    private static int ExitCode(JsonObject pod) => (int?)pod["status"]!["containerStatuses"]?[0]?["state"]?["terminated"]?["exitCode"] ?? -1;
}
