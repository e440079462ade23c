using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Atelier.Coordinator.Telemetry;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests.Telemetry;

/// <summary>What a coordinator, two workers and a command send over OTLP about a run from its submission to its metric.</summary>
public sealed class OtlpTests : IDisposable
{
    private const string Run = "faces";

    private readonly OtlpReceiver _receiver = new();

    [Fact]
    public async Task Run_FromSubmissionToItsMetric_IsOneTraceOverAllProcesses()
    {
        using var cluster = new StandingCluster(launcher: _receiver.Launcher);
        foreach (var worker in (string[])["w0", "w1"])
            cluster.StartWorker(worker, _receiver.Launcher);
        await cluster.UntilAttachedAsync();
        await cluster.UntilSaidAsync(line => line.StartsWith("listening", StringComparison.Ordinal));
        using (var submit = AtelierProcess.Start(["submit", Run, "--coordinator", cluster.Address, "--data", cluster.Data, "--out", cluster.Store, "--recipe", "config-f", "--kimg", "0.4",
            "--max-workers", "2", "--min-workers", "2", .. TinyRun.Set([.. SmallRun.Keys, "tick-kimg=0.08", "snapshot-kimg=0.2", "metrics-every=0.4"])], _receiver.Launcher))
            submit.WaitForExit().Succeeded();
        await cluster.UntilAsync(Run, run => run is { Status: RunStatus.Finished, Evaluations.Count: 0 });
        await _receiver.UntilAsync(taken => Spans("evaluation part").Any() && Spans("iteration").Any() && taken.Metrics.Keys.Any(metric => metric.Name == "atelier.run.metric"), "the end of the run");

        AssertTrace();
        AssertMetrics();
        AssertLogs();
        // What TensorBoard reads is there too, written by the coordinator.
        string scalars = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(cluster.Store, "events.out.tfevents.*")), TestContext.Current.CancellationToken));
        Assert.All((string[])["Loss/G/loss", "Gradients/norm/Gmain", "Metrics/rfd"], tag => Assert.Contains(tag, scalars, StringComparison.Ordinal));
    }

    public void Dispose() => _receiver.Dispose();

    private IEnumerable<OtlpSpan> Spans(string name) => _receiver.Spans.Values.Where(span => span.Name == name);

    private void AssertTrace()
    {
        var part = Spans("evaluation part").First();
        var path = PathOf(part);
        Assert.Equal(
            [
                ("atelier-worker", "evaluation part"), ("atelier-worker", "order Evaluate"), ("atelier-coordinator", "evaluation"), ("atelier-coordinator", "snapshot"), ("atelier-worker", "snapshot slice"),
                ("atelier-worker", "order Go"), ("atelier-coordinator", "generation"),
            ],
            path.Take(7).Select(span => (span.Service, span.Name)));
        // Above it the request, as its libraries call it, and the command.
        Assert.Equal("atelier-coordinator", path[7].Service);
        Assert.Contains("Submit", path[7].Name, StringComparison.Ordinal);
        Assert.Equal(("atelier", "atelier submit", ""), (path[^1].Service, path[^1].Name, path[^1].Parent));
        Assert.All(path, span => Assert.Equal(part.Trace, span.Trace));

        var iteration = Spans("iteration").First();
        Assert.Equal(["iteration", "order Go", "generation"], PathOf(iteration).Take(3).Select(span => span.Name));
        Assert.Equal(["phase Dmain", "phase Dreg", "phase Gmain", "phase Greg"], _receiver.Spans.Values.Where(span => span.Parent == iteration.Id).Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.Equal(2, Spans("prepare").Count(span => span.Attributes["generation"] == "1"));
        // What lasts as long as a process, or is done again and again, is none.
        Assert.DoesNotContain(_receiver.Spans.Values, span => span.Name.Contains("Attach", StringComparison.Ordinal) || span.Name.Contains("Watch", StringComparison.Ordinal) || span.Name.Contains("Meet", StringComparison.Ordinal));
        Assert.DoesNotContain(_receiver.Spans.Values, span => span.Parent.Length == 0 && !(span.Name.StartsWith("atelier ", StringComparison.Ordinal) || span.Name.Contains("Submit", StringComparison.Ordinal)));
    }

    private List<OtlpSpan> PathOf(OtlpSpan span)
    {
        var path = new List<OtlpSpan> { span };
        while (_receiver.Spans.TryGetValue(path[^1].Parent, out var above))
            path.Add(above);
        return path;
    }

    private void AssertMetrics()
    {
        var known = new Dictionary<string, string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => known[instrument.Name] = instrument.Unit ?? "" };
        using var coordinator = new CoordinatorMetrics(TimeProvider.System);
        System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Worker.Telemetry.WorkerMetrics).TypeHandle);
        listener.Start();

        var sent = _receiver.Metrics.Where(metric => metric.Key.Meter.StartsWith("Atelier.", StringComparison.Ordinal)).ToDictionary(metric => metric.Key.Name, metric => metric.Value);
        Assert.All(sent, metric => Assert.Equal(known[metric.Key], metric.Value));
        string[] expected =
        [
            "atelier.runs", "atelier.workers", "atelier.queue.length", "atelier.worker.heartbeat.age", "atelier.run.images", "atelier.run.speed", "atelier.run.generations", "atelier.run.prepare.duration",
            "atelier.run.snapshot.duration", "atelier.run.snapshot.size", "atelier.run.store.free", "atelier.run.metric", "atelier.worker.images", "atelier.worker.phase.duration",
            "atelier.worker.reduce.duration", "atelier.worker.reduce.size", "atelier.worker.data.wait", "atelier.worker.prepare.duration", "atelier.worker.snapshot.duration",
            "atelier.worker.coordinator.silence", "atelier.train.loss", "atelier.train.score", "atelier.train.sign", "atelier.train.gradient.norm", "atelier.train.path.length", "atelier.train.memory.peak",
        ];
        Assert.Empty(expected.Except(sent.Keys));
        // Of .NET, of ASP.NET Core, of the process and of Orleans.
        Assert.All((string[])["dotnet.gc.collections", "http.server.request.duration", "process.memory.usage"], name => Assert.Contains(_receiver.Metrics.Keys, metric => metric.Name == name));
        Assert.Contains(_receiver.Metrics.Keys, metric => metric.Meter == "Microsoft.Orleans");
    }

    private void AssertLogs()
    {
        var begun = Assert.Single(_receiver.Logs, entry => entry.Text == "generation 1 starts at iteration 0 on 2 workers");
        Assert.Equal(("atelier-coordinator", Run, "1", "coordinator"), (begun.Service, begun.Attributes["run"], begun.Attributes["generation"], begun.Attributes["worker"]));
        Assert.Contains(_receiver.Logs, entry => entry.Service == "atelier-worker" && entry.Text.StartsWith("attached", StringComparison.Ordinal) && entry.Attributes["worker"] == "w0");
    }

    /// <summary>How a receiver fails.</summary>
    public enum Receiver
    {
        /// <summary>Nobody listens.</summary>
        Away,

        /// <summary>It takes connections and never answers.</summary>
        Silent,
    }

    [Theory]
    [InlineData(Receiver.Away)]
    [InlineData(Receiver.Silent)]
    public void Training_WithAReceiverThatFails_GoesOnAndSaysSoOnce(Receiver receiver)
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteStored(folder["data"], 20, TinyRun.Side);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        int port = receiver == Receiver.Silent ? ((IPEndPoint)silent.LocalEndpoint).Port : 1;
        var without = AtelierProcess.Run(TinyRun.Train(folder["data"], folder["without"], 80)).Succeeded();

        using var process = AtelierProcess.Start(TinyRun.Train(folder["data"], folder["with"], 80), [.. OtlpReceiver.LauncherOf(port), "OTEL_EXPORTER_OTLP_TIMEOUT=500"]);
        var with = process.WaitForExit().Succeeded();

        Assert.Equal(without.StateSha256, with.StateSha256);
        string said = Assert.Single(with.Errors, line => line.Contains("telemetry", StringComparison.Ordinal));
        Assert.Contains($"http://127.0.0.1:{port}", said, StringComparison.Ordinal);
    }
}
