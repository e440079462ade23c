using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Tests.Manifests;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>The operator, against an API server that behaves as badly as they do.</summary>
public sealed class ApiTroubleTests
{
    [Fact]
    public async Task Watch_ThatBreaks_GoesOnWhereItWas()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("first", ""));
        await bench.UntilPhaseAsync("first", TrainingRunPhase.Queued);
        bench.Server.BreakWatches();
        bench.Apply(OperatorBench.Run("second", ""));
        await bench.UntilPhaseAsync("second", TrainingRunPhase.Queued);
        Assert.Equal(1, bench.Server.Requests.Count(request => request == "list trainingruns"));
    }

    [Fact]
    public async Task Watch_OfAVersionThatIsForgotten_ListsAnew()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("first", ""));
        await bench.UntilPhaseAsync("first", TrainingRunPhase.Queued);
        bench.Apply(OperatorBench.Run("second", ""));
        bench.Server.Store.Compact();
        bench.Server.BreakWatches();
        await bench.UntilPhaseAsync("second", TrainingRunPhase.Queued);
        await bench.UntilAsync(() => bench.Server.Requests.Count(request => request == "list trainingruns") > 1, "another list");
    }

    [Fact]
    public async Task Requests_ThatAreTooMany_AreMadeAgain()
    {
        await using var bench = await OperatorBench.StartAsync(prepare: server => server.Throttle(4));
        bench.Apply(OperatorBench.Run("faces"));
        bench.Server.Throttle(3);
        await bench.UntilPodsRunAsync(2);
        Assert.DoesNotContain(bench.Said, line => line.Contains("too many requests", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Changes_OfOthers_AreNotOverwritten()
    {
        await using var bench = await OperatorBench.StartAsync();
        var others = 0;
        bench.Server.BeforePatch = plural =>
        {
            // Somebody else is faster, three times.
            if (plural == "trainingruns" && ++others <= 3)
                bench.Server.Store.Merge("trainingruns", "faces", "", new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["annotations"] = new System.Text.Json.Nodes.JsonObject { ["seen"] = $"{others}" } } }, "somebody");
        };
        bench.Apply(OperatorBench.Run("faces"));
        await bench.UntilPodsRunAsync(2);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        Assert.Equal("3", (string?)bench.Find("trainingruns", "faces")!["metadata"]!["annotations"]!["seen"]);
        Assert.True(others > 3);
    }

    [Fact]
    public async Task Right_ThatIsMissingForAJob_IsNamedOnTheRun()
    {
        await using var bench = await OperatorBench.StartAsync(prepare: server => server.Deny("create", "jobs"));
        bench.Apply(OperatorBench.Run("faces"));
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady)?.Reason == "Forbidden", "the missing right");
        Assert.Contains("grant it the verb `create` on `jobs` in API group `batch`", bench.Condition("faces", RunConditionType.WorkersReady)!.Value.Message);
        bench.Server.Deny("create", "jobs", isDenied: false);
        await bench.UntilPodsRunAsync(2);
    }

    /// <summary>The manifests' role is what the operator needs, and no more.</summary>
    [Fact]
    public async Task Rights_OfTheRole_AreThoseThatAreUsed()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"min\": 1, \"max\": 2}"));
        await bench.UntilPodsRunAsync(2);
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"min\": 1, \"max\": 1}"));
        await bench.UntilPodsRunAsync(1);
        bench.Pod(bench.RunningPods[0]).End(2);
        await bench.UntilAsync(() => bench.Nodes.Made == 3 && bench.RunningPods.Count == 1, "another Job has pods");
        bench.Server.Store.Delete("trainingruns", "faces", null);
        await bench.UntilAsync(() => bench.Find("trainingruns", "faces") is null, "the object is gone");
        var granted = KubernetesSchemas.Read(Repository.Read("deploy/k8s/base/rights.yaml")).First(json => (string?)json["kind"] == "Role")["rules"]!.AsArray()
            .SelectMany(rule => rule!["verbs"]!.AsArray().SelectMany(verb => rule["resources"]!.AsArray().Select(resource => $"{verb} {resource}")));
        // An admission plugin, which is not here, asks for it where objects block their owner's deletion.
        Assert.Equal(granted.Where(right => right != "update trainingruns/finalizers").Order(StringComparer.Ordinal), bench.Server.Requests.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Right_ThatIsMissingForEverything_IsSaidOnce()
    {
        await using var bench = await OperatorBench.StartAsync(prepare: server => server.Deny("list", "trainingruns"));
        await bench.UntilAsync(() => bench.Server.Requests.Count(request => request == "list trainingruns") > 2, "it is tried again");
        var line = Assert.Single(bench.Said);
        Assert.Contains("not allowed to list trainingruns.atelier.dev in namespace training; grant it the verb `list` on `trainingruns` in API group `atelier.dev`", line);
        bench.Server.Deny("list", "trainingruns", isDenied: false);
        bench.Apply(OperatorBench.Run("faces", ""));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
    }
}
