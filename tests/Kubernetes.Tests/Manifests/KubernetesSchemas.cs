using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Atelier.TestKit;
using k8s;
using k8s.Models;

namespace Atelier.Kubernetes.Tests.Manifests;

/// <summary>What manifests are validated by: kustomize renders them, the types of the client's package refuse unknown fields, and Kubernetes' OpenAPI schema wrong values.</summary>
internal static class KubernetesSchemas
{
    private const string Variable = "ATELIER_KUBERNETES_MODELS";

    private static readonly ConcurrentDictionary<string, string> Rendered = new();

    private static readonly Dictionary<string, Type> Types = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["v1/PersistentVolumeClaim"] = typeof(V1PersistentVolumeClaim),
        ["v1/PodTemplate"] = typeof(V1PodTemplate),
        ["v1/Pod"] = typeof(V1Pod),
        ["batch/v1/Job"] = typeof(V1Job),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["policy/v1/PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
        ["rbac.authorization.k8s.io/v1/Role"] = typeof(V1Role),
        ["rbac.authorization.k8s.io/v1/RoleBinding"] = typeof(V1RoleBinding),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
        ["apiextensions.k8s.io/v1/CustomResourceDefinition"] = typeof(V1CustomResourceDefinition),
    };

    /// <summary>Why overlays cannot be rendered here; null where they can.</summary>
    public static string? WhyNoKustomize { get; } = FindKustomize();

    /// <summary>Where Kubernetes' schema is; null where it is not.</summary>
    private static string? Models { get; } = new[] { Environment.GetEnvironmentVariable(Variable), Repository.Full("artifacts/kubernetes-models") }
        .FirstOrDefault(folder => folder is not null && Directory.Exists(Path.Combine(folder, "node_modules", "kubernetes-models")));

    /// <summary>Why there is no schema; null where there is one.</summary>
    public static string? WhyNoSchema { get; } = Models is null
        ? $"npm's package kubernetes-models is not installed: npm install --prefix artifacts/kubernetes-models kubernetes-models@5.1.0, or name its folder in {Variable}"
        : TryRun("node", "", "--version") is null ? "there is no node" : null;

    /// <summary>Renders an overlay.</summary>
    public static List<JsonObject> Render(string overlay) => Read(Rendered.GetOrAdd(overlay, _ =>
        TryRun("kubectl", "", "kustomize", Repository.Full($"deploy/k8s/overlays/{overlay}")) ?? throw new InvalidOperationException($"kustomize could not render {overlay}")));

    /// <summary>The objects of YAML.</summary>
    public static List<JsonObject> Read(string yaml) =>
    [
        .. yaml.Split("\n---\n").Where(document => document.Split('\n').Any(line => line.Length > 0 && !line.StartsWith('#')))
            .Select(document => JsonNode.Parse(KubernetesJson.Serialize(Plain(KubernetesYaml.Deserialize<Dictionary<string, object?>>(document))!))!.AsObject()),
    ];

    /// <summary>What is wrong with each of some objects; empty where nothing is.</summary>
    public static List<string>[] Problems(params IReadOnlyList<JsonObject> objects)
    {
        var found = objects.Select(_ => new List<string>()).ToArray();
        foreach (var (index, json) in objects.Index())
        {
            var problems = found[index];
            if (!Types.TryGetValue($"{json["apiVersion"]}/{json["kind"]}", out var type))
            {
                problems.Add($"{json["kind"]} of {json["apiVersion"]} is unknown");
                continue;
            }

            try
            {
                typeof(KubernetesYaml).GetMethod(nameof(KubernetesYaml.Deserialize), [typeof(string), typeof(bool)])!.MakeGenericMethod(type).Invoke(null, [json.ToJsonString(), true]);
            }
            catch (System.Reflection.TargetInvocationException error)
            {
                problems.Add($"{json["kind"]} {json["metadata"]?["name"]}: {error.GetBaseException().Message}");
            }
        }

        if (WhyNoSchema is not null) return found;
        var output = TryRun("node", new JsonArray([.. objects.Select(json => json.DeepClone())]).ToJsonString(), Repository.Full("tests/Kubernetes.Tests/Manifests/validate.mjs"), Models!)
            ?? throw new InvalidOperationException("the validators could not be run");
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) found[int.Parse(line.Split(' ')[0])].Add(line);
        return found;
    }

    /// <summary>YAML's plain values have their types back: quoted ones are texts.</summary>
    private static object? Plain(object? value) => value switch
    {
        IDictionary<object, object> map => map.ToDictionary(pair => $"{pair.Key}", pair => Plain(pair.Value)),
        IDictionary<string, object?> map => map.ToDictionary(pair => pair.Key, pair => Plain(pair.Value)),
        IEnumerable<object> list => list.Select(Plain).ToList(),
        _ => value,
    };

    private static string? FindKustomize()
    {
        const int OldestMajor = 4;
        if (TryRun("kubectl", "", "version", "--client") is not { } text) return "there is no kubectl";
        var line = text.Split('\n').FirstOrDefault(one => one.StartsWith("Kustomize Version: v", StringComparison.Ordinal));
        return line is not null && int.Parse(line["Kustomize Version: v".Length..].Split('.')[0]) >= OldestMajor
            ? null : $"this kubectl's kustomize is older than {OldestMajor}, which the overlays need";
    }

    private static string? TryRun(string program, string input, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
