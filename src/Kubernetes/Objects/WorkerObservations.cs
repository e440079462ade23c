using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;

namespace Atelier.Kubernetes.Objects;

/// <summary>Jobs and pods, as the decisions see them.</summary>
internal static class WorkerObservations
{
    /// <summary>Reads a Job.</summary>
    public static JobObservation Job(JsonObject json)
    {
        var conditions = json["status"].At("conditions").Objects().Where(one => one["status"].Text() == "True").ToList();
        var failed = conditions.Find(one => one["type"].Text() == "Failed");
        return new(json["metadata"].At("ownerReferences").Objects().FirstOrDefault(owner => owner["controller"].Flag())?["uid"].Text() ?? "", json["spec"].At("parallelism").Whole() ?? 1)
        {
            IsSuspended = json["spec"].At("suspend").Flag(),
            IsDeleting = json["metadata"].At("deletionTimestamp").Text().Length > 0,
            IsComplete = conditions.Exists(one => one["type"].Text() == "Complete"),
            FailedSince = failed is null ? null : failed["lastTransitionTime"].Time() ?? DateTimeOffset.UnixEpoch,
            Failure = failed is null ? "" : $"{failed["reason"].Text()}: {failed["message"].Text()}",
        };
    }

    /// <summary>Reads a pod.</summary>
    public static PodObservation Pod(JsonObject json)
    {
        var status = json["status"];
        var phase = status.At("phase").Text();
        var conditions = status.At("conditions").Objects().ToList();
        var isReady = phase == "Running" && conditions.Exists(one => one["type"].Text() == "Ready" && one["status"].Text() == "True");
        var (reason, message) = Trouble(json, phase, conditions);
        return new(json["metadata"].At("name").Text(), isReady && reason.Length == 0) { HasEnded = phase is "Succeeded" or "Failed", Reason = reason, Message = message };
    }

    private static (string Reason, string Message) Trouble(JsonObject json, string phase, List<JsonObject> conditions)
    {
        // What a node says no more is not known.
        if (phase == "Unknown" || json["status"].At("reason").Text() == "NodeLost") return ("NodeLost", $"node {json["spec"].At("nodeName").Text()} is not responding");
        if (json["metadata"].At("deletionTimestamp").Text().Length > 0)
        {
            return conditions.Find(one => one["type"].Text() == "DisruptionTarget" && one["status"].Text() == "True") is { } disruption
                ? ("Evicted", $"{disruption["reason"].Text()}: {disruption["message"].Text()}") : ("Terminating", "");
        }

        if (conditions.Find(one => one["type"].Text() == "PodScheduled" && one["status"].Text() == "False") is { } unscheduled)
            return (unscheduled["reason"].Text() is { Length: > 0 } why ? why : "Unschedulable", unscheduled["message"].Text());
        var waiting = json["status"].At("containerStatuses").Objects().Concat(json["status"].At("initContainerStatuses").Objects())
            .Select(container => container["state"].At("waiting")).FirstOrDefault(state => state.At("reason").Text() is not ("" or "ContainerCreating" or "PodInitializing"));
        return waiting is null ? ("", "") : (waiting.At("reason").Text(), waiting.At("message").Text());
    }
}
