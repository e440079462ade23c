using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Fleet.Queue;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Tests.ApiServer;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>The operator, from <c>apply</c> on.</summary>
public sealed class OperatorTests
{
    [Fact]
    public async Task Apply_WithWorkers_RunsThemUntilItIsCompleted()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Runs.HasWorkers = _ => bench.RunningPods.Count > 0;
        bench.Apply(OperatorBench.Run("faces", "\"priority\": 3, \"workers\": {\"count\": 2, \"nodeSelector\": {\"gpu\": \"h200\"}, \"resources\": {\"limits\": {\"nvidia.com/gpu\": 1}}}"));
        await bench.UntilPodsRunAsync(2);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        Assert.Equal((3, 2), (bench.Runs.Submitted["faces"].Priority, bench.Runs.Submitted["faces"].Workers!.Max));
        Assert.Contains("batch=16", bench.Runs.Submitted["faces"].Assignments);
        var pod = bench.Find("pods", bench.RunningPods[0])!;
        Assert.Equal(["gpu", "disk"], pod["spec"]!["nodeSelector"]!.AsObject().Select(label => label.Key).OrderDescending());
        Assert.Equal("1", pod["spec"]!["containers"]![0]!["resources"]!["limits"]!["nvidia.com/gpu"]!.ToJsonString());
        Assert.Equal(
            ["worker", "--coordinator", "https://atelier:7070", "--run", "faces", "--name", "$(POD_NAME)", "--drain-timeout", "35"],
            pod["spec"]!["containers"]![0]!["args"]!.AsArray().Select(one => (string)one!));

        bench.Runs.Kimg = 12.5;
        bench.Runs.Reach("faces", RunStatus.Running);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Running);
        await bench.UntilAsync(() => (double?)bench.Status("faces")["kimg"] == 12.5, "progress");
        Assert.Equal((12.5, 41.234), ((double)bench.Status("faces")["imagesPerSecond"]!, (double)bench.Status("faces")["fid"]!));
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady)?.Holds == true, "workers ready");

        bench.Runs.Reach("faces", RunStatus.Finished);
        foreach (var running in bench.RunningPods) bench.Pod(running).End(0);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Completed);
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.Completed)?.Holds == true, "completed");
        Assert.Equal(2, bench.Nodes.Made);
    }

    [Fact]
    public async Task Apply_WithoutWorkers_TakesThoseOfTheFleet()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", ""));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        Assert.Null(bench.Find("jobs", "faces"));
        Assert.Null(bench.Condition("faces", RunConditionType.WorkersReady));
    }

    [Theory]
    [InlineData("Cancel", RunStatus.Cancelled)]
    [InlineData("Discard", RunStatus.Cancelled)]
    public async Task Delete_ByDefault_EndsTheRunFirst(string policy, RunStatus end)
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", $"\"onDelete\": \"{policy}\", \"workers\": {{\"count\": 1}}"));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        bench.Runs.Reach("faces", RunStatus.Running);
        bench.Server.Store.Delete("trainingruns", "faces", null);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Deleting);
        await bench.UntilAsync(() => bench.Runs.StatusOf("faces") == RunStatus.Halting, "the run halts");
        Assert.NotNull(bench.Find("trainingruns", "faces"));
        bench.Runs.Reach("faces", end);
        await bench.UntilAsync(() => bench.Find("trainingruns", "faces") is null, "the object is gone");
        await bench.UntilAsync(() => bench.Find("jobs", "faces") is null && bench.RunningPods.Count == 0, "its workers are gone");
        Assert.Empty(bench.Runs.Runs);
    }

    [Fact]
    public async Task Delete_ThatKeeps_LeavesTheRun()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"onDelete\": \"Keep\""));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        bench.Server.Store.Delete("trainingruns", "faces", null);
        await bench.UntilAsync(() => bench.Find("trainingruns", "faces") is null, "the object is gone");
        Assert.Equal(RunStatus.Queued, bench.Runs.StatusOf("faces"));
    }

    [Fact]
    public async Task Suspend_ARunningRun_PausesItAndTakesItsPods()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"count\": 1}"));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        await bench.UntilPodsRunAsync(1);
        bench.Runs.Reach("faces", RunStatus.Running);
        bench.Apply(OperatorBench.Run("faces", "\"suspend\": true, \"workers\": {\"count\": 1}"));
        await bench.UntilAsync(() => bench.Runs.StatusOf("faces") == RunStatus.Halting, "the run halts");
        bench.Runs.Reach("faces", RunStatus.Paused);
        await bench.UntilPodsRunAsync(0);
        Assert.Equal("true", bench.Find("jobs", "faces")!["spec"]!["suspend"]!.ToJsonString());
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"count\": 1}"));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        await bench.UntilPodsRunAsync(1);
    }

    [Fact]
    public async Task Pause_ByAPerson_IsLeftAlone()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"count\": 1}"));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        await bench.UntilPodsRunAsync(1);
        await bench.Runs.PauseAsync("faces", TestContext.Current.CancellationToken);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Paused);
        await bench.UntilPodsRunAsync(0);
        Assert.Equal(RunStatus.Paused, bench.Runs.StatusOf("faces"));
    }

    [Fact]
    public async Task Scale_TheWorkers_ScalesTheJob()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"min\": 1, \"max\": 3}"));
        await bench.UntilPodsRunAsync(3);
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"min\": 1, \"max\": 2}"));
        await bench.UntilPodsRunAsync(2);
        Assert.Equal(["faces-0", "faces-1"], bench.RunningPods.Select(pod => pod[..7]));
    }

    [Fact]
    public async Task Eviction_OfAPod_CostsNothingButThePod()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces"));
        await bench.UntilPodsRunAsync(2);
        var evicted = bench.RunningPods[1];
        bench.Nodes.Evict(evicted);
        await bench.UntilAsync(() => bench.Nodes.Made == 3 && bench.RunningPods.Count == 2, "the pod is replaced");
        Assert.DoesNotContain(evicted, bench.RunningPods);
        // It does not count as a crash.
        Assert.Equal("0", bench.Find("jobs", "faces")!["status"]!["failed"]!.ToJsonString());
    }

    [Fact]
    public async Task Job_ThatSomebodyDeletes_ComesBack()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces"));
        await bench.UntilPodsRunAsync(2);
        var uid = (string)bench.Find("jobs", "faces")!["metadata"]!["uid"]!;
        bench.Server.Store.Delete("jobs", "faces", null);
        await bench.UntilAsync(() => bench.Find("jobs", "faces") is { } job && (string)job["metadata"]!["uid"]! != uid && bench.Nodes.Made == 4 && bench.RunningPods.Count == 2, "another Job");
    }

    [Fact]
    public async Task Job_WhoseWorkersCrash_IsReplaced()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"count\": 1}"));
        await bench.UntilPodsRunAsync(1);
        bench.Pod(bench.RunningPods[0]).End(2);
        await bench.UntilAsync(() => (int?)bench.Status("faces")["workerFailures"] == 1, "the failure is counted");
        await bench.UntilAsync(() => bench.RunningPods.Count == 1 && bench.Nodes.Made == 2, "another Job has pods");
    }

    [Fact]
    public async Task Node_ThatVanishes_IsNamed()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"min\": 2, \"max\": 2}"));
        await bench.UntilPodsRunAsync(2);
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady)?.Holds == true, "workers ready");
        var lost = bench.RunningPods[0];
        bench.Nodes.LoseNode(lost);
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady) is { Holds: false, Reason: "NodeLost" }, "the lost node");
        Assert.Contains($"1 of 2 workers ready; {lost}: NodeLost", bench.Condition("faces", RunConditionType.WorkersReady)!.Value.Message);
    }

    [Fact]
    public async Task Job_OfSomebodyElse_IsLeftAlone()
    {
        await using var bench = await OperatorBench.StartAsync(prepare: server => server.Store.Create("jobs", JsonNode.Parse("""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "faces", "labels": {"atelier.dev/run": "faces"}},
             "spec": {"suspend": true, "completions": 1, "parallelism": 1, "backoffLimit": 1, "podFailurePolicy": {"rules": []}, "template": {"metadata": {"labels": {}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}
            """)!.AsObject(), "somebody"));
        bench.Apply(OperatorBench.Run("faces"));
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady)?.Reason == "NameTaken", "the name is taken");
        Assert.Equal("1", bench.Find("jobs", "faces")!["spec"]!["parallelism"]!.ToJsonString());
    }

    [Fact]
    public async Task Spec_WithAnUnknownKey_IsNamedInACondition()
    {
        await using var bench = await OperatorBench.StartAsync();
        var run = OperatorBench.Run("faces");
        run["spec"]!["spec"]!["gama"] = 10;
        bench.Apply(run);
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Invalid);
        var accepted = bench.Condition("faces", RunConditionType.Accepted)!.Value;
        Assert.Contains("`gama`", accepted.Message);
        Assert.Contains("`gamma`", accepted.Message);
        Assert.Null(bench.Find("jobs", "faces"));
    }

    [Fact]
    public async Task Submission_ThatIsRefused_IsNamedAndTriedAgain()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Runs.Refuse = (_, _) => new UserErrorException("/data/faces.zip does not exist");
        bench.Apply(OperatorBench.Run("faces", ""));
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Invalid);
        Assert.Equal("/data/faces.zip does not exist", (string?)bench.Status("faces")["message"]);
        bench.Runs.Refuse = (_, _) => null;
        await bench.UntilPhaseAsync("faces", TrainingRunPhase.Queued);
        Assert.True(bench.Condition("faces", RunConditionType.Accepted)!.Value.Holds);
    }

    [Fact]
    public async Task Template_ThatIsMissing_IsNamed()
    {
        await using var bench = await OperatorBench.StartAsync();
        bench.Apply(OperatorBench.Run("faces", "\"workers\": {\"count\": 1, \"template\": \"other\"}"));
        await bench.UntilAsync(() => bench.Condition("faces", RunConditionType.WorkersReady)?.Reason == "TemplateNotUsable", "the template is missing");
        Assert.Contains("PodTemplate other", bench.Condition("faces", RunConditionType.WorkersReady)!.Value.Message);
    }
}
