using System.Text.Json.Nodes;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>A run that goes back to its last good snapshot, on several workers.</summary>
public sealed class RollbackTests : IDisposable
{
    private const string Run = "faces";
    private const int Images = 320;

    private static readonly string[] Keys = ["snapshot-kimg=0.064", "metrics-every=0.064", "metrics=rfd", "rollbacks=1"];

    private readonly StandingCluster _cluster = new();

    [Fact]
    public async Task Metric_Explodes_TheRunGoesBack_AsInOneProcess()
    {
        Begin(_cluster.Store);
        Begin(_cluster.Beside);
        _cluster.StartWorker("w0");
        _cluster.StartWorker("w1");
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        request.Assignments.AddRange([.. SmallRun.Keys, .. Keys, $"kimg={Images / 1000.0}"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);

        // It is at its last image long before the value at 128 is known.
        await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Finished, Evaluations.Count: 0 });
        var alone = AtelierProcess.Run(TinyRun.Train(_cluster.Data, _cluster.Beside, Images, TinyRun.Set(Keys))).Succeeded();

        Assert.Contains("rolled back to 000000.064: rfd of 000000.128", await File.ReadAllTextAsync(Path.Combine(_cluster.Store, "events.jsonl"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(alone.StateSha256, Manifest(Path.Combine(_cluster.Store, "snapshots", "000000.320-b1"))["state_sha256"]!.GetValue<string>());
        Assert.Equal(1, JsonNode.Parse(File.ReadAllText(Path.Combine(_cluster.Store, "run.json")))!["branch"]!.GetValue<int>());
    }

    public void Dispose() => _cluster.Dispose();

    private static JsonNode Manifest(string snapshot) => JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, "manifest.json")))!;

    /// <summary>Trains to a first snapshot, and makes its value so good that any other is an explosion.</summary>
    private void Begin(string folder)
    {
        AtelierProcess.Run(TinyRun.Train(_cluster.Data, folder, 64, TinyRun.Set(Keys))).Succeeded();
        string snapshot = Path.Combine(folder, "snapshots", "000000.064");
        var manifest = Manifest(snapshot);
        manifest["metrics"]!["rfd"] = 0.001;
        File.WriteAllText(Path.Combine(snapshot, "manifest.json"), manifest.ToJsonString());
    }
}
