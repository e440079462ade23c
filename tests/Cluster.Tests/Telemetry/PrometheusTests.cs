using System.Diagnostics;
using System.Text.Json;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests.Telemetry;

/// <summary>A real Prometheus scrapes a coordinator and its worker, and its rules fire when the worker is stopped.</summary>
public sealed class PrometheusTests : IDisposable
{
    private const string Program = "/usr/bin/prometheus";
    private const string Run = "faces";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private Process? _prometheus;
    private int _port;

    [Fact]
    public async Task Worker_ThatIsStopped_FiresTheAlertOfAStalledRun()
    {
        if (!File.Exists(Program))
            Assert.Skip($"there is no {Program}; Debian's package prometheus has it");
        int coordinator = FreePorts.Take(), worker = FreePorts.Take();
        using var cluster = new StandingCluster(options: ["--monitoring", $"127.0.0.1:{coordinator}"]);
        cluster.StartWorker("w0", ["--monitoring", $"127.0.0.1:{worker}"], []);
        await cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = cluster.Data, RunStore = cluster.Store };
        request.Assignments.AddRange([.. SmallRun.Keys, "tick-kimg=0.08", "snapshot-kimg=100", "kimg=1000"]);
        await cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        await cluster.UntilAsync(Run, run => run.Status == RunStatus.Running && run.Iteration > 10);
        Start(coordinator, worker);
        await UntilAsync("/api/v1/targets", "the processes are scraped", answer => Texts(answer, "health").Count(health => health == "up") == 2);
        await UntilAsync("/api/v1/query?query=atelier_run_images", "the run's images are known", answer => answer.GetProperty("result").GetArrayLength() == 1);
        Assert.Empty((await AskAsync("/api/v1/alerts")).GetProperty("alerts").EnumerateArray());
        await AssertProbesAsync(coordinator, worker);

        cluster.Signal("w0", "STOP");

        var fired = await UntilAsync("/api/v1/alerts", "the alert", answer => Texts(answer, "alertname").Contains("StalledRun"));
        var alert = fired.GetProperty("alerts").EnumerateArray().Single(one => one.GetProperty("labels").GetProperty("alertname").GetString() == "StalledRun");
        Assert.Equal((Run, "critical", "firing"), (alert.GetProperty("labels").GetProperty("run").GetString(), alert.GetProperty("labels").GetProperty("severity").GetString(), alert.GetProperty("state").GetString()));
        await UntilAsync("/api/v1/alerts", "the alert of the process", answer => Texts(answer, "alertname").Contains("ProcessDown"));

        cluster.Signal("w0", "CONT");
        await UntilAsync("/api/v1/alerts", "the end of the alert", answer => !Texts(answer, "alertname").Contains("StalledRun"));
    }

    public void Dispose()
    {
        if (_prometheus is { HasExited: false })
        {
            _prometheus.Kill();
            _prometheus.WaitForExit();
        }
        _prometheus?.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    /// <summary>With the rules as they are, but for times that a test cannot wait for.</summary>
    private void Start(int coordinator, int worker)
    {
        string rules = File.ReadAllText(Path.Combine(Repository(), "deploy", "prometheus", "alerts.yml"));
        Assert.Contains("(atelier_run_standstill_seconds) > 300", rules, StringComparison.Ordinal);
        File.WriteAllText(_folder["alerts.yml"], rules.Replace("(atelier_run_standstill_seconds) > 300", "(atelier_run_standstill_seconds) > 5", StringComparison.Ordinal).Replace("for: 5m", "for: 1s", StringComparison.Ordinal));
        File.WriteAllText(_folder["prometheus.yml"], $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: [alerts.yml]
            scrape_configs:
              - job_name: atelier-coordinator
                static_configs: [{ targets: ["127.0.0.1:{{coordinator}}"] }]
              - job_name: atelier-worker
                static_configs: [{ targets: ["127.0.0.1:{{worker}}"] }]
            """);
        _port = FreePorts.Take();
        _prometheus = Process.Start(new ProcessStartInfo(Program, [$"--config.file={_folder["prometheus.yml"]}", $"--storage.tsdb.path={_folder["data"]}", $"--web.listen-address=127.0.0.1:{_port}", "--log.level=error"]));
    }

    private async Task AssertProbesAsync(params int[] ports)
    {
        foreach (int port in ports)
            foreach (string probe in (string[])["startupz", "readyz", "livez"])
                Assert.Equal("ok\n", await _client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/{probe}"), TestContext.Current.CancellationToken));
    }

    private async Task<JsonElement> UntilAsync(string path, string what, Func<JsonElement, bool> isSo)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        JsonElement last = default;
        try
        {
            while (await again.WaitForNextTickAsync(late.Token))
            {
                try
                {
                    last = await AskAsync(path);
                }
                catch (HttpRequestException)
                {
                    continue; // it is starting
                }
                if (isSo(last))
                    return last;
            }
        }
        catch (OperationCanceledException)
        {
            // Said below.
        }
        throw new TimeoutException($"{what} did not come; {path} says {last}");
    }

    private async Task<JsonElement> AskAsync(string path)
    {
        await using var answer = await _client.GetStreamAsync(new Uri($"http://127.0.0.1:{_port}{path}"), TestContext.Current.CancellationToken);
        return (await JsonDocument.ParseAsync(answer)).RootElement.GetProperty("data");
    }

    /// <summary>All texts of a name, however deep.</summary>
    private static IEnumerable<string> Texts(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member.Name == name && member.Value.ValueKind == JsonValueKind.String ? [member.Value.GetString()!] : Texts(member.Value, name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Texts(item, name)),
        _ => [],
    };

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Atelier.slnx")))
            folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))!;
        return folder;
    }
}
