using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Objects;
using Atelier.Kubernetes.Tests.ApiServer;
using Atelier.Kubernetes.Tests.Operator;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Manifests;

/// <summary>deploy/k8s: overlays render, everything is what Kubernetes takes, and keeps the rules that pods are to keep.</summary>
public sealed class ManifestTests
{
    private static readonly string[] Overlays = [.. Directory.GetDirectories(Repository.Full("deploy/k8s/overlays")).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    public static TheoryData<string> OverlayNames => [.. Overlays];

    [Fact]
    public void Overlays_AreThoseThatAreDocumented() =>
        Assert.All(Overlays, overlay => Assert.Contains($"`{overlay}`", Repository.Read("docs/kubernetes.md"), StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(OverlayNames))]
    public void Overlay_Rendered_IsWhatKubernetesTakes(string overlay)
    {
        Require();
        Assert.All(KubernetesSchemas.Problems(KubernetesSchemas.Render(overlay)), Assert.Empty);
    }

    [Theory]
    [MemberData(nameof(OverlayNames))]
    public void Overlay_ItsJobs_AreWhatKubernetesTakes(string overlay)
    {
        Require();
        var template = KubernetesSchemas.Render(overlay).Single(json => (string?)json["kind"] == "PodTemplate");
        var job = JobOf(template);
        Assert.Empty(Assert.Single(KubernetesSchemas.Problems(job)));
        var pod = job["spec"]!["template"]!["spec"]!;
        var arguments = pod["containers"]![0]!["args"]!.AsArray().Select(one => (string)one!).ToList();
        Assert.Equal(["--run", "faces", "--name", "$(POD_NAME)"], arguments[^6..^2]);
        Assert.True(int.Parse(arguments[^1]) < (int)pod["terminationGracePeriodSeconds"]!, "leaving takes longer than the grace period");
        Assert.Equal("1", overlay.EndsWith("gpu", StringComparison.Ordinal) ? (string?)pod["containers"]![0]!["resources"]!["limits"]!["nvidia.com/gpu"] : "1");
    }

    [Theory]
    [MemberData(nameof(OverlayNames))]
    public void Overlay_ItsPods_KeepTheRules(string overlay)
    {
        if (KubernetesSchemas.WhyNoKustomize is { } why) Assert.Skip(why);
        var pods = KubernetesSchemas.Render(overlay).Select(json => (string?)json["kind"] switch
        {
            "StatefulSet" => json["spec"]!["template"]!["spec"],
            "PodTemplate" => json["template"]!["spec"],
            _ => null,
        }).OfType<JsonObject>().ToList();
        Assert.Equal(2, pods.Count);
        Assert.All(pods, pod =>
        {
            Assert.True((bool)pod["securityContext"]!["runAsNonRoot"]!);
            Assert.Equal("RuntimeDefault", (string?)pod["securityContext"]!["seccompProfile"]!["type"]);
            var container = Assert.Single(pod["containers"]!.AsArray())!;
            Assert.True((bool)container["securityContext"]!["readOnlyRootFilesystem"]!);
            Assert.False((bool)container["securityContext"]!["allowPrivilegeEscalation"]!);
            Assert.Equal("""["ALL"]""", container["securityContext"]!["capabilities"]!["drop"]!.ToJsonString());
            Assert.All(new[] { ("startupProbe", "/startupz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez") }, probe => Assert.Equal(probe.Item2, (string?)container[probe.Item1]!["httpGet"]!["path"]));
            Assert.Contains("monitoring", container["ports"]!.AsArray().Select(port => (string?)port!["name"]));
            Assert.NotNull(container["resources"]!["limits"]!["memory"]);
            // By subPath, rotated certificates would never arrive.
            Assert.DoesNotContain(container["volumeMounts"]!.AsArray(), mount => mount!["subPath"] is not null);
        });
        var worker = pods.Single(pod => (string?)pod["containers"]![0]!["name"] == "worker");
        Assert.NotNull(worker["volumes"]!.AsArray().Single(volume => (string?)volume!["name"] == "shm")!["emptyDir"]!["sizeLimit"]);
        Assert.False((bool)worker["automountServiceAccountToken"]!);
    }

    /// <summary>Whatever the manifests pass to the commands is an option of theirs.</summary>
    [Theory]
    [InlineData("coordinator")]
    [InlineData("worker")]
    public void Arguments_InManifests_AreOptionsOfTheCommand(string command)
    {
        var help = AtelierProcess.Run(command, "--help").Succeeded().Text;
        var options = Repository.FilesIn("deploy/k8s", ".yaml").Where(file => Path.GetFileName(file) == $"{command}.yaml")
            .SelectMany(file => Repository.Read(file).Split('\n')).Select(line => line.Trim()).Where(line => line.StartsWith("- --", StringComparison.Ordinal)).Select(line => line[2..]).Distinct().ToList();
        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.Contains($"{option} ", help, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_OfTheDemo_IsWhatTheDefinitionTakes()
    {
        var schema = JsonNode.Parse(TrainingRunDefinition.Create().ToJsonString())!["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();
        var run = KubernetesSchemas.Read(Repository.Read("deploy/k8s/overlays/cpu-demo/run.yaml")).Single();
        Assert.Empty(StructuralSchema.Problems(schema, run, null));
        Assert.Empty(TrainingRunObject.Read(run).Spec!.Problems("demo"));
    }

    /// <summary>What mistakes in manifests look like; the validation is no formality.</summary>
    [Fact]
    public void Objects_WithAMistake_Fail()
    {
        if (KubernetesSchemas.WhyNoSchema is { } why) Assert.Skip(why);
        (string Kind, string Path, string? Value)[] mistakes =
        [
            ("StatefulSet", "spec.replicas", "\"three\""),
            ("StatefulSet", "spec.template.spec.containers.0.livenessProbe.httpGet.port", "{}"),
            ("StatefulSet", "spec.template.spec.containers.0.image", "7"),
            ("StatefulSet", "spec.template.spec.containers.0.securityContext.readOnlyRootFileSystem", "true"),
            ("StatefulSet", "spec.selector", null),
            ("PodTemplate", "template.spec.containers", null),
            ("PodTemplate", "template.spec.tolerations.0.tolerationSecond", "3"),
            ("PodTemplate", "template.spec.volumes.0.emptyDirs", "{}"),
            ("PodTemplate", "template.spec.terminationGracePeriodSeconds", "\"60s\""),
            ("NetworkPolicy", "spec.ingress", "{}"),
            ("PodDisruptionBudget", "spec.maxUnavailble", "1"),
            ("Role", "rules.0.verbs", null),
            ("Role", "rules.0.verb", "[\"list\"]"),
            ("Service", "spec.ports.0.port", "\"grpc\""),
            ("CustomResourceDefinition", "spec.scope", null),
        ];
        var good = Repository.FilesIn("deploy/k8s", ".yaml").Where(file => file.Contains("/base/", StringComparison.Ordinal) || file.EndsWith("trainingruns.yaml", StringComparison.Ordinal))
            .Where(file => !file.EndsWith("kustomization.yaml", StringComparison.Ordinal)).SelectMany(file => KubernetesSchemas.Read(Repository.Read(file))).ToList();
        Assert.All(KubernetesSchemas.Problems(good), Assert.Empty);
        var bad = mistakes.Select(mistake => Mutated(good.First(one => (string?)one["kind"] == mistake.Kind), mistake.Path, mistake.Value)).ToList();
        var problems = KubernetesSchemas.Problems(bad);
        Assert.All(mistakes.Index(), mistake => Assert.True(problems[mistake.Index].Count > 0, $"{mistake.Item} was taken"));
    }

    private static JsonObject Mutated(JsonObject good, string path, string? value)
    {
        var json = good.DeepClone().AsObject();
        var names = path.Split('.');
        JsonNode at = json;
        foreach (var name in names[..^1]) at = int.TryParse(name, out var index) ? at[index]! : at[name]!;
        if (value is null) at.AsObject().Remove(names[^1]);
        else at[names[^1]] = JsonNode.Parse(value);
        return json;
    }

    private static void Require()
    {
        if (KubernetesSchemas.WhyNoKustomize is { } kustomize) Assert.Skip(kustomize);
        if (KubernetesSchemas.WhyNoSchema is { } schema) Assert.Skip(schema);
    }

    private static JsonObject JobOf(JsonObject template)
    {
        var owner = OperatorBench.Run("faces", "\"workers\": {\"min\": 1, \"max\": 4, \"nodeSelector\": {\"zone\": \"a\"}, \"tolerations\": [{\"key\": \"spot\", \"operator\": \"Exists\"}]}");
        owner["metadata"]!["uid"] = "uid";
        TrainingRun run = TrainingRunObject.Read(owner);
        return JsonNode.Parse(WorkerJob.Make(run, owner, template, isSuspended: false).ToJsonString())!.AsObject();
    }
}
