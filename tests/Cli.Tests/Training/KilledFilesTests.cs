using System.Text.Json.Nodes;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>What a run leaves for people after kills is what it would have left without: ticks, metrics, curves.</summary>
public sealed class KilledFilesTests(FinishedRun finished) : IDisposable
{
    private const int Kills = 10;
    private const int Attempts = 3;

    /// <summary>The kill that comes as soon as a snapshot is there that is to be measured.</summary>
    private const int MeasuredHit = 5;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_KilledAtTenRandomMoments_LeavesTheFilesOfARunLeftAlone()
    {
        string alone = _folder["alone/run"];
        AtelierProcess.Run(Command(alone)).Succeeded();
        int seed = Environment.TickCount;
        var random = new Random(seed);

        // A busy machine may let a run end before it is hit often enough. Such a run shows nothing, and another begins.
        string? killed = Enumerable.Range(0, Attempts).Select(attempt => _folder[$"killed{attempt}/run"]).FirstOrDefault(folder => IsKilled(folder, random));
        Assert.True(killed is not null, $"{Attempts} runs ended before they were killed often enough (seed {seed})");
        AtelierProcess.Run(Command(killed)).Succeeded();

        Assert.Equal(Lines(alone, "stats.jsonl"), Lines(killed, "stats.jsonl"));
        Assert.Equal(Lines(alone, "metric-rfd.jsonl"), Lines(killed, "metric-rfd.jsonl"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(alone, "curves.png")), File.ReadAllBytes(Path.Combine(killed, "curves.png")));
        Assert.Equal(Samples(alone), Samples(killed));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Starts and kills the run, every time a random while after it began to train, and once while it measures.</summary>
    /// <returns>False if it ended before.</returns>
    private bool IsKilled(string folder, Random random)
    {
        for (int hit = 0; hit < Kills; hit++)
        {
            using var process = AtelierProcess.Start(Command(folder));
            bool alive = process.WaitForLines(1, TinyRun.IsTick);
            alive &= hit == MeasuredHit
                ? process.SpinUntil(() => File.Exists(Path.Combine(folder, "snapshots", "000000.320", "manifest.json")))
                : process.RunsAfter(TimeSpan.FromMilliseconds(random.Next(60)));
            if (!alive || !process.Kill())
                return false;
        }
        return true;
    }

    private static string[] Samples(string folder) => [.. Directory.GetFiles(Path.Combine(folder, "samples")).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    // Ticks of five iterations, snapshots after every second one, one in twenty measured.
    private string[] Command(string folder) => TinyRun.Train(
        finished.Data, folder, 640, TinyRun.Set("tick-kimg=0.04", "snapshot-kimg=0.016", "image-kimg=0.08", "metrics-every=0.32", "metrics=rfd", "rollbacks=1"));

    /// <summary>Lines without what is of the clock and the process.</summary>
    private static string[] Lines(string folder, string file) => [.. File.ReadLines(Path.Combine(folder, file)).Select(line =>
    {
        var json = JsonNode.Parse(line)!.AsObject();
        foreach (string name in json.Select(pair => pair.Key).Where(name => name is "timestamp" or "total_time" or "total_time_str" || name.StartsWith("Timing/", StringComparison.Ordinal) || name.StartsWith("Resources/", StringComparison.Ordinal)).ToList())
            json.Remove(name);
        return json.ToJsonString();
    })];
}
