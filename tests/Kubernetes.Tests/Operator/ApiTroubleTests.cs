using Atelier.Core.Kubernetes;

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
        Assert.Contains("needs the verb `create` on `jobs` of API group `batch`", bench.Condition("faces", RunConditionType.WorkersReady)!.Value.Message);
        bench.Server.Deny("create", "jobs", isDenied: false);
        await bench.UntilPodsRunAsync(2);
    }

    [Fact]
    public async Task Right_ThatIsMissingForEverything_IsSaidOnce()
    {
        await using var bench = await OperatorBench.StartAsync(prepare: server => server.Deny("list", "trainingruns"));
        await bench.UntilAsync(() => bench.Server.Requests.Count(request => request == "list trainingruns") > 2, "it is tried again");
        var line = Assert.Single(bench.Said);
        Assert.Contains("may not list trainingruns.atelier.dev in namespace training; it needs the verb `list` on `trainingruns` of API group `atelier.dev`", line);
        bench.Server.Deny("list", "trainingruns", isDenied: false);
        bench.Apply(OperatorBench.Run("faces", ""));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
    }
}
