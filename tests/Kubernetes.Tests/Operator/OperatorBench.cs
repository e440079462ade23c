using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Objects;
using Atelier.Kubernetes.Operator;
using Atelier.Kubernetes.Tests.ApiServer;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>An operator that works against an API server of this machine, whose pods end as the test says.</summary>
internal sealed class OperatorBench : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, ScriptedPod> _pods = new();
    private readonly KubernetesApi _api;
    private readonly Task _work;

    private OperatorBench(LocalApiServer server, OperatorSettings settings)
    {
        Server = server;
        Nodes = new LocalNodes(server.Store, pod => _pods[(string)pod["metadata"]!["name"]!] = new ScriptedPod(), TimeProvider.System);
        _api = new KubernetesApi(server.Access, TimeProvider.System);
        var work = new RunOperator(_api, Runs, settings, Said.Enqueue, TimeProvider.System).RunAsync(_stop.Token);
        _work = Task.WhenAll(work, Nodes.RunAsync(_stop.Token));
    }

    public LocalApiServer Server { get; }

    public LocalNodes Nodes { get; }

    public InMemoryRuns Runs { get; } = new();

    public ConcurrentQueue<string> Said { get; } = new();

    /// <summary>The names of pods that run, in order.</summary>
    public List<string> RunningPods => [.. Server.Store.List("pods", "").Items.Where(pod => (string?)pod["status"]?["phase"] == "Running").Select(pod => (string)pod["metadata"]!["name"]!).Order(StringComparer.Ordinal)];

    public static async Task<OperatorBench> StartAsync(OperatorSettings? settings = null, Action<LocalApiServer>? prepare = null)
    {
        var server = await LocalApiServer.StartAsync();
        server.Store.Create("podtemplates", Template(), "kubectl");
        prepare?.Invoke(server);
        return new(server, settings ?? new OperatorSettings { RefusedPause = TimeSpan.FromMilliseconds(50), ProgressInterval = TimeSpan.Zero, FirstReplacement = TimeSpan.Zero, LastReplacement = TimeSpan.Zero });
    }

    public static JsonObject Template() => JsonNode.Parse("""
        {
          "apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "atelier-worker"},
          "template": {
            "metadata": {"labels": {"team": "art"}},
            "spec": {
              "terminationGracePeriodSeconds": 40,
              "nodeSelector": {"disk": "ssd"},
              "containers": [{"name": "worker", "image": "atelier:cpu", "args": ["worker", "--coordinator", "https://atelier:7070"], "env": [{"name": "A", "value": "b"}]}]
            }
          }
        }
        """)!.AsObject();

    /// <summary>A <c>TrainingRun</c>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="more">Fields of its spec, as JSON without the braces.</param>
    public static JsonObject Run(string name, string more = "\"workers\": {\"count\": 2}") => JsonNode.Parse($$"""
        {"apiVersion": "atelier.dev/v1alpha1", "kind": "TrainingRun", "metadata": {"name": "{{name}}", "namespace": "training"},
         "spec": {"data": "/data/faces.zip", "out": "/runs/{{name}}", "spec": {"kimg": 100, "batch": 16, "shard": 2}{{(more.Length > 0 ? "," : "")}} {{more}} } }
        """)!.AsObject();

    public void Apply(JsonObject run) => Server.Store.Apply("trainingruns", (string)run["metadata"]!["name"]!, run, "kubectl", force: false);

    public ScriptedPod Pod(string name) => _pods[name];

    public JsonObject? Find(string plural, string name) => Server.Store.Find(plural, name);

    /// <summary>Waits until the objects are as they should be.</summary>
    public async Task UntilAsync(Func<bool> isSo, string what)
    {
        using var late = new CancellationTokenSource(Patience);
        // The run directory tells of nothing by itself.
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!isSo())
        {
            Assert.False(_work.IsFaulted, $"{_work.Exception}");
            try
            {
                await again.WaitForNextTickAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{what} did not come about; said: {string.Join(" / ", Said)}\n{string.Join("\n", new[] { "trainingruns", "jobs" }.SelectMany(plural => Server.Store.List(plural, "").Items).Select(one => one.ToJsonString()))}");
            }
        }
    }

    public Task UntilPhaseAsync(string run, TrainingRunPhase phase) => UntilAsync(() => (string?)Find("trainingruns", run)?["status"]?["phase"] == $"{phase}", $"{run} {phase}");

    public Task UntilPodsRunAsync(int count) => UntilAsync(() => RunningPods.Count == count, $"{count} pods");

    /// <summary>A run's status; empty before the operator has said anything.</summary>
    public JsonObject Status(string run) => Find("trainingruns", run)?["status"] as JsonObject ?? [];

    /// <summary>A condition of a run; null where there is none.</summary>
    public (bool Holds, string Reason, string Message)? Condition(string run, RunConditionType type) =>
        Find("trainingruns", run)?["status"].At("conditions").Objects().FirstOrDefault(one => (string?)one["type"] == $"{type}") is { } found
            ? ((string?)found["status"] == "True", (string?)found["reason"] ?? "", (string?)found["message"] ?? "") : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _api.Dispose();
        _stop.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>A pod whose worker is ready at once, and ends when it is told to.</summary>
internal sealed class ScriptedPod : IPodProcess
{
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Ready => Task.CompletedTask;

    public Task<int> Exit => _exit.Task;

    public void End(int code) => _exit.TrySetResult(code);

    /// <summary>It hands over what it holds, as `atelier worker --run` does.</summary>
    public void Terminate() => End(130);

    public void Kill() => End(137);
}
