using System.Text.Json.Nodes;
using Atelier.Kubernetes.Tests.ApiServer;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>A coordinator that serves Kubernetes, and pods whose workers are real processes of this machine.</summary>
public sealed class RealProcessTests
{
    private const int Images = 96;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Apply_OfARun_TrainsItInPodsUntilItIsCompleted()
    {
        await using var cluster = await Cluster.StartAsync();
        cluster.Apply(Images);
        await cluster.UntilAsync(() => cluster.Phase == "Completed", "the run is completed");
        Assert.Equal(Images / 1000.0, (double)cluster.Run["status"]!["kimg"]!);
        // Workers end with the run, and so their Job is done.
        await cluster.UntilAsync(() => cluster.Job!["status"]?["conditions"]?[0]?["type"]?.ToString() == "Complete", "the Job is complete");
        Assert.Equal(2, cluster.Nodes.Made);
        Assert.Equal(cluster.TrainAlone(Images), cluster.StateSha256);
    }

    [Fact]
    public async Task Eviction_OnTheWay_CostsAPodAndNoBit()
    {
        const int Longer = 20 * Images;
        await using var cluster = await Cluster.StartAsync();
        cluster.Apply(Longer);
        await cluster.UntilAsync(() => cluster.Phase == "Running" && (double?)cluster.Run["status"]!["kimg"] > 0 && cluster.ReadyPods.Count == 2, "the run is under way");
        var (evicted, generation) = (cluster.ReadyPods[0], (long)cluster.Run["status"]!["generation"]!);
        cluster.Nodes.Evict(evicted);
        await cluster.UntilAsync(() => cluster.Server.Store.Find("pods", evicted) is null, "the pod has left");
        // It was asked to leave and handed over: the Job does not count it as done, nor as a crash.
        Assert.Equal(130, await cluster.ExitCodeOf(evicted));
        await cluster.UntilAsync(() => cluster.Phase == "Completed", "the run is completed");
        Assert.True((long)cluster.Run["status"]!["generation"]! > generation);
        Assert.Equal((3, "0"), (cluster.Nodes.Made, cluster.Job!["status"]!["failed"]!.ToJsonString()));
        Assert.Equal(cluster.TrainAlone(Longer), cluster.StateSha256);
    }

    /// <summary>An API server, its nodes, and a coordinator.</summary>
    private sealed class Cluster : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly Dictionary<string, PodProcess> _pods = [];
        private readonly AtelierProcess _coordinator;
        private readonly Task _nodes;

        private Cluster(LocalApiServer server)
        {
            Server = server;
            TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);
            var address = $"127.0.0.1:{FreePorts.Take()}";
            server.Store.Create("podtemplates", JsonNode.Parse($$$"""
                {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "atelier-worker"}, "template": {"spec": {"containers": [
                  {"name": "worker", "image": "atelier", "args": ["worker", "--coordinator", "http://{{{address}}}", "--lanes", "1"]}
                ] } } }
                """)!.AsObject(), "kubectl");
            _coordinator = AtelierProcess.Start(["coordinator", "--listen", address, "--database", _folder["coordinator.db"], "--kubernetes", "--kubeconfig", server.Kubeconfig]);
            Nodes = new LocalNodes(server.Store, pod => _pods[(string)pod["metadata"]!["name"]!] = new PodProcess(pod), TimeProvider.System);
            _nodes = Nodes.RunAsync(_stop.Token);
        }

        public LocalApiServer Server { get; }

        public LocalNodes Nodes { get; }

        public JsonObject Run => Server.Store.Find("trainingruns", "faces")!;

        public JsonObject? Job => Server.Store.Find("jobs", "faces");

        public string? Phase => (string?)Run["status"]?["phase"];

        public List<string> ReadyPods =>
        [
            .. Server.Store.List("pods", "").Items.Where(pod => pod["status"]?["conditions"] is JsonArray conditions && conditions.Any(one => (string?)one!["type"] == "Ready" && (string?)one["status"] == "True"))
                .Select(pod => (string)pod["metadata"]!["name"]!),
        ];

        public string StateSha256 => AtelierProcess.Run("snapshots", _folder["run"], "--json").Succeeded().Json.Single().EnumerateArray().Last().GetProperty("state_sha256").GetString()!;

        public static async Task<Cluster> StartAsync() => new(await LocalApiServer.StartAsync());

        public void Apply(int images)
        {
            var keys = new JsonObject([.. Keys(images).Select(key => key.Split('=')).Select(pair => KeyValuePair.Create<string, JsonNode?>(pair[0], JsonNode.Parse(pair[1])))]);
            var run = OperatorBench.Run("faces", "\"recipe\": \"config-f\", \"workers\": {\"min\": 1, \"max\": 2}");
            (run["spec"]!["data"], run["spec"]!["out"], run["spec"]!["spec"]) = (_folder["data"], _folder["run"], keys);
            Server.Store.Apply("trainingruns", "faces", run, "kubectl", force: false);
        }

        /// <summary>What one process computes.</summary>
        public string TrainAlone(int images) =>
            AtelierProcess.Run(["train", "--data", _folder["data"], "--out", _folder["alone"], "--recipe", "config-f", "--json", .. TinyRun.Set(Keys(images))]).Succeeded().StateSha256;

        public Task<int> ExitCodeOf(string pod) => _pods[pod].Exit;

        public async Task UntilAsync(Func<bool> isSo, string what)
        {
            using var late = new CancellationTokenSource(Patience);
            while (!isSo())
            {
                var changed = Server.Store.Changed;
                if (isSo()) return;
                try
                {
                    await changed.WaitAsync(late.Token);
                }
                catch (OperationCanceledException)
                {
                    Assert.Fail($"{what} did not come about:\n{Run.ToJsonString()}\n{Job?.ToJsonString()}\n{_coordinator.Printed}\n{string.Join("\n", _pods.Values.Select(pod => pod.Printed))}");
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _nodes;
            foreach (var pod in _pods.Values) pod.Dispose();
            _coordinator.Dispose();
            await Server.DisposeAsync();
            _stop.Dispose();
            _folder.Dispose();
        }

        private static string[] Keys(int images) =>
            [.. SmallRun.Keys.Select(key => key.Split('=')[0] is "tick-kimg" or "snapshot-kimg" ? $"{key.Split('=')[0]}=0.048" : key), $"kimg={images / 1000.0}"];
    }

    /// <summary>A worker in a pod.</summary>
    private sealed class PodProcess : IPodProcess, IDisposable
    {
        private readonly AtelierProcess _process;
        private bool _isTerminated;

        public PodProcess(JsonObject pod)
        {
            // Variables in arguments are replaced by Kubernetes, not by a shell.
            var arguments = pod["spec"]!["containers"]![0]!["args"]!.AsArray().Select(one => ((string)one!).Replace("$(POD_NAME)", (string)pod["metadata"]!["name"]!, StringComparison.Ordinal));
            _process = AtelierProcess.Start(arguments);
            Exit = Task.Run(() => _process.WaitForExit(Patience * 2).ExitCode);
            Ready = Task.Run(() => _process.WaitForLines(1, line => line.StartsWith("attached", StringComparison.Ordinal)));
        }

        public Task Ready { get; }

        public Task<int> Exit { get; }

        public string Printed => _process.Printed;

        public void Terminate()
        {
            // Nodes say it once; a second signal would end the worker at once.
            if (!Exit.IsCompleted && Interlocked.Exchange(ref _isTerminated, true) == false) _process.Signal("TERM");
        }

        public void Kill()
        {
            if (!Exit.IsCompleted) _process.Signal("KILL");
        }

        public void Dispose() => _process.Dispose();
    }
}
