using System.Text.Json;
using Atelier.Protos;
using Atelier.TestKit;
using Atelier.Worker.Runs;

namespace Atelier.Cluster.Tests;

/// <summary>Evaluations by workers that are there for nothing else, and die.</summary>
public sealed class EvaluatorTests : IDisposable
{
    private const string Run = "faces";
    private const int Images = 800;

    private readonly StandingCluster _cluster = new();

    [Fact]
    public async Task Metric_EvaluatorsKilledAtRandom_TheSameValue()
    {
        var random = new Random(Environment.TickCount);
        _cluster.StartWorker("trainer");
        _cluster.StartEvaluator("evaluator-0");
        await SubmitAsync();

        // Whoever has a part is killed in the middle of it, some times.
        for (int kill = 0; kill < 3; kill++)
        {
            int least = random.Next(1, 1500);
            await _cluster.UntilAsync(Run, run => run.Evaluations.Any(evaluation => evaluation.SamplesDone > least) || IsMeasured(run));
            _cluster.Kill($"evaluator-{kill}");
            _cluster.StartEvaluator($"evaluator-{kill + 1}");
        }
        await _cluster.UntilAsync(Run, IsMeasured);
        var trainer = _cluster.Drain("trainer");
        AssertValuesOfOneProcess();
        // The last value is in the picture, although it comes after the last iteration.
        byte[] curves = File.ReadAllBytes(Path.Combine(_cluster.Store, "curves.png"));
        RunPictures.DrawCurves(new RunFolder(_cluster.Store), new RunFiles(new SilentDisplay()));
        Assert.Equal(File.ReadAllBytes(Path.Combine(_cluster.Store, "curves.png")), curves);
        Assert.Empty(Directory.Exists(Path.Combine(_cluster.Store, "evaluations")) ? Directory.GetFiles(Path.Combine(_cluster.Store, "evaluations"), "*", SearchOption.AllDirectories) : []);
        Assert.Contains("phases applied", trainer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metric_OfACoordinatorAndWorkersKilledWhileItWasMeasured_IsMeasuredByThoseAfterThem()
    {
        _cluster.StartWorker("trainer");
        _cluster.StartEvaluator("evaluator");
        await SubmitAsync();
        await _cluster.UntilAsync(Run, run => run.Evaluations.Any(evaluation => evaluation.SamplesDone > 0));
        _cluster.KillCoordinator();
        _cluster.Kill("trainer");
        _cluster.Kill("evaluator");
        Assert.True(Values(_cluster.Store).Count < 2, "the metrics were known before the kill");

        _cluster.StartCoordinatorAnew();
        _cluster.StartWorker("another");
        await SubmitAsync();
        await _cluster.UntilAsync(Run, IsMeasured);

        AssertValuesOfOneProcess();
    }

    public void Dispose() => _cluster.Dispose();

    private async Task SubmitAsync()
    {
        await _cluster.UntilAttachedAsync();
        var request = new SubmitRequest { Run = Run, Recipe = "config-f", DataPath = _cluster.Data, RunStore = _cluster.Store };
        request.Assignments.AddRange([.. SmallRun.Keys, "snapshot-kimg=0.4", "metrics-every=0.4", $"kimg={Images / 1000.0}"]);
        await _cluster.Runs.SubmitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    private void AssertValuesOfOneProcess()
    {
        AtelierProcess.Run(TinyRun.Train(_cluster.Data, _cluster.Beside, Images, "--set", "snapshot-kimg=0.4", "--set", "metrics-every=0.4")).Succeeded();
        Assert.Equal(Values(_cluster.Beside), Values(_cluster.Store));
        Assert.Equal(2, Values(_cluster.Store).Count);
    }

    private static bool IsMeasured(Run run) => run is { Status: RunStatus.Finished, Evaluations.Count: 0 };

    /// <summary>Snapshot and value of each line, to the last bit.</summary>
    private static List<(string Snapshot, string Value)> Values(string folder) => !File.Exists(Path.Combine(folder, "metric-rfd.jsonl")) ? [] :
    [
        .. File.ReadLines(Path.Combine(folder, "metric-rfd.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => (line.GetProperty("snapshot_pkl").GetString()!, line.GetProperty("results").GetProperty("rfd").GetRawText())),
    ];
}
