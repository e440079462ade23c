using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;

namespace Atelier.Kubernetes.Objects;

/// <summary>
/// The Indexed Job of a run's workers. Its pods are what a PodTemplate of the namespace says (image, addresses, certificates, volumes), with
/// the run, and what <c>spec.workers</c> asks for, added.
/// </summary>
internal static class WorkerJob
{
    /// <summary>The label with the run's name.</summary>
    public const string RunLabel = "atelier.dev/run";

    /// <summary>The container that is the worker.</summary>
    public const string Container = "worker";

    // Exit codes of `atelier worker --run`.
    private const int Mistake = 2, RunFailed = 5, RunCancelled = 6, Drained = 130;

    /// <summary>Crashes of workers that one Job bears; the operator then makes another one.</summary>
    private const int CrashesPerWorker = 6;

    /// <summary>Pods that say nothing have this long for leaving.</summary>
    private const int DefaultGraceSeconds = 60;

    /// <summary>Makes it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="owner">Its object as the server has it.</param>
    /// <param name="template">The PodTemplate.</param>
    /// <param name="isSuspended">Whether it has no pods for now.</param>
    /// <exception cref="FormatException">The PodTemplate has no container of that name.</exception>
    public static JsonObject Make(TrainingRun run, JsonObject owner, JsonObject template, bool isSuspended)
    {
        ArgumentNullException.ThrowIfNull(run);
        var workers = run.Spec!.Workers!;
        var wanted = owner["spec"].At("workers");
        return new()
        {
            ["apiVersion"] = ResourceKind.Jobs.ApiVersion,
            ["kind"] = ResourceKind.Jobs.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = run.Name,
                ["labels"] = Labels(run),
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = ResourceKind.TrainingRuns.ApiVersion,
                    ["kind"] = ResourceKind.TrainingRuns.Kind,
                    ["name"] = run.Name,
                    ["uid"] = run.Uid,
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = true,
                }),
            },
            ["spec"] = new JsonObject
            {
                ["completionMode"] = "Indexed",
                ["completions"] = workers.Max,
                ["parallelism"] = workers.Max,
                ["suspend"] = isSuspended,
                ["backoffLimit"] = CrashesPerWorker * workers.Max,
                // One that leaves still hands over under its host name.
                ["podReplacementPolicy"] = "Failed",
                ["podFailurePolicy"] = new JsonObject
                {
                    ["rules"] = new JsonArray(
                        new JsonObject { ["action"] = "Ignore", ["onPodConditions"] = new JsonArray(new JsonObject { ["type"] = "DisruptionTarget", ["status"] = "True" }) },
                        OnExit("Ignore", Drained),
                        OnExit("FailJob", Mistake, RunFailed, RunCancelled)),
                },
                ["template"] = Pod(run, wanted, template),
            },
        };
    }

    /// <summary>The change that has it keep up another number of pods.</summary>
    public static JsonObject Scale(int workers) => new() { ["spec"] = new JsonObject { ["parallelism"] = workers, ["completions"] = workers } };

    private static JsonObject OnExit(string action, params IEnumerable<int> codes) => new()
    {
        ["action"] = action,
        ["onExitCodes"] = new JsonObject { ["containerName"] = Container, ["operator"] = "In", ["values"] = new JsonArray([.. codes.Select(code => (JsonNode)code)]) },
    };

    private static JsonObject Labels(TrainingRun run) => new()
    {
        [RunLabel] = run.Name,
        ["app.kubernetes.io/name"] = "atelier",
        ["app.kubernetes.io/component"] = "worker",
    };

    private static JsonObject Pod(TrainingRun run, JsonNode? wanted, JsonObject template)
    {
        var pod = template["template"]?.DeepClone().AsObject() ?? throw new FormatException($"PodTemplate {run.Spec!.Workers!.Template} has no template.");
        var metadata = Section(pod, "metadata");
        Merge(Section(metadata, "labels"), Labels(run));
        var spec = Section(pod, "spec");
        spec["restartPolicy"] = "Never";
        Merge(Section(spec, "nodeSelector"), wanted.At("nodeSelector"));
        if (wanted.At("tolerations") is JsonArray tolerations)
            spec["tolerations"] = new JsonArray([.. spec["tolerations"].Objects().Concat(tolerations.OfType<JsonObject>()).Select(one => one.DeepClone())]);
        var container = spec["containers"].Objects().FirstOrDefault(one => one["name"].Text() == Container)
            ?? throw new FormatException($"PodTemplate {run.Spec!.Workers!.Template} has no container `{Container}`.");
        if (wanted.At("resources") is JsonObject resources) container["resources"] = resources.DeepClone();
        var environment = container["env"] as JsonArray ?? [];
        container["env"] = environment;
        // First, so that other variables and arguments may refer to it.
        environment.Insert(0, new JsonObject { ["name"] = "POD_NAME", ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = "metadata.name" } } });
        var grace = spec["terminationGracePeriodSeconds"].Whole() ?? DefaultGraceSeconds;
        spec["terminationGracePeriodSeconds"] = grace;
        var arguments = container["args"] as JsonArray ?? [];
        container["args"] = arguments;
        // Leaving ends before the pod is killed.
        foreach (var argument in (string[])["--run", run.Name, "--name", "$(POD_NAME)", "--drain-timeout", $"{Math.Max(1, grace - 5)}"]) arguments.Add(argument);
        return pod;
    }

    private static JsonObject Section(JsonObject json, string name)
    {
        if (json[name] is JsonObject there) return there;
        var made = new JsonObject();
        json[name] = made;
        return made;
    }

    private static void Merge(JsonObject target, JsonNode? more)
    {
        if (more is not JsonObject fields) return;
        foreach (var (name, value) in fields) target[name] = value?.DeepClone();
    }
}
