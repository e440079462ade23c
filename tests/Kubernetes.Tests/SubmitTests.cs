using System.Text.Json.Nodes;
using Atelier.Kubernetes.Objects;
using Atelier.Kubernetes.Tests.ApiServer;
using Atelier.TestKit;
using k8s;

namespace Atelier.Kubernetes.Tests;

/// <summary><c>atelier submit --kubernetes</c>, as a person runs it.</summary>
public sealed class SubmitTests
{
    private static readonly string[] Faces = ["submit", "faces", "--kubernetes", "--data", "/data/faces.zip", "--out", "/runs/faces", "--set", "lr=0.002", "--set", "metrics=rfd,fid50k_full", "--set", "conv-clamp=none", "--max-workers", "4"];

    [Fact]
    public void DryRun_NeedsNoCluster_AndPrintsWhatTheDefinitionTakes()
    {
        var yaml = AtelierProcess.Run([.. Faces, "--dry-run"]).Succeeded().Text;
        var json = AtelierProcess.Run([.. Faces, "--dry-run", "-o", "json"]).Succeeded().Text;
        Assert.Equal(
            JsonNode.Parse(json)!.ToJsonString(),
            JsonNode.Parse(KubernetesJson.Serialize(KubernetesYaml.Deserialize<JsonNodeBag>(yaml)))!.ToJsonString());
        var schema = JsonNode.Parse(TrainingRunDefinition.Create().ToJsonString())!["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();
        Assert.Empty(StructuralSchema.Problems(schema, JsonNode.Parse(json), null));
    }

    [Fact]
    public async Task Submit_Again_ChangesNothingUnlessSomebodyElseDid()
    {
        await using var server = await LocalApiServer.StartAsync(LocalApiServer.PersonToken);
        Assert.Contains("applied TrainingRun faces to namespace training", AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig]).Succeeded().Text);
        var first = server.Store.Find("trainingruns", "faces")!;
        AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig]).Succeeded();
        Assert.Equal(first.ToJsonString(), server.Store.Find("trainingruns", "faces")!.ToJsonString());
        Assert.Equal("""{"min":1,"max":4,"template":"atelier-worker"}""", first["spec"]!["workers"]!.ToJsonString());
        Assert.Equal("""{"lr":0.002,"metrics":["rfd","fid50k_full"],"conv-clamp":"none"}""", first["spec"]!["spec"]!.ToJsonString());

        // Somebody else has set a field meanwhile.
        server.Store.Merge("trainingruns", "faces", "", JsonNode.Parse("""{"spec": {"workers": {"max": 2}}}""")!.AsObject(), "kubectl-edit");
        var refused = AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("conflict with \"kubectl-edit\": .spec.workers.max", refused.ErrorText);
        Assert.Contains("--force-conflicts", refused.ErrorText);
        AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig, "--force-conflicts"]).Succeeded();
        Assert.Equal(4, (int)server.Store.Find("trainingruns", "faces")!["spec"]!["workers"]!["max"]!);
    }

    [Fact]
    public async Task Submit_WithoutTheRight_NamesTheRight()
    {
        await using var server = await LocalApiServer.StartAsync(LocalApiServer.PersonToken);
        var refused = AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig, "--namespace", "other"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("not allowed to patch trainingruns.atelier.dev in namespace other; grant it the verb `patch` on `trainingruns` in API group `atelier.dev`", refused.ErrorText);
        await File.WriteAllTextAsync(server.Kubeconfig, LocalApiServer.KubeconfigOf(server.Address, "stale", "training"), TestContext.Current.CancellationToken);
        Assert.Contains("does not accept the account", AtelierProcess.Run([.. Faces, "--kubeconfig", server.Kubeconfig]).ErrorText);
    }

    [Fact]
    public void Submit_WithWhatCannotWork_SaysSoBeforeTheCluster()
    {
        var refused = AtelierProcess.Run([.. Faces, "--dry-run", "--set", "metrics=fidd"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("fidd", refused.ErrorText);
    }

    /// <summary>An object of whatever fields.</summary>
    private sealed class JsonNodeBag : Dictionary<string, object?>;
}
