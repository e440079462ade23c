using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>A run that is killed and started again by the same command ends as if it had been left alone.</summary>
public sealed class KillTests(FinishedRun finished) : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private const int ImagesPerKill = 64;
    private const int Attempts = 5;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_KilledAtRandomMoments_SameStatesAsLeftAlone()
    {
        int kills = Soak ? 10 : 3, images = kills * ImagesPerKill;
        var alone = _folder["alone"];
        string expected = AtelierProcess.Run(TinyRun.Train(finished.Data, alone, images)).Succeeded().StateSha256;
        int seed = Environment.TickCount;
        var random = new Random(seed);

        // A busy machine may let a run end before it is hit. Such a run shows nothing, and another begins.
        var run = Enumerable.Range(0, Attempts).Select(attempt => _folder[$"run{attempt}"]).FirstOrDefault(folder => IsKilled(folder, images, kills, random));
        Assert.True(run is not null, $"{Attempts} runs ended before they were killed often enough (seed {seed})");
        var last = AtelierProcess.Run(Command(run, images)).Succeeded();

        Assert.Contains("resumed from", last.Text, StringComparison.Ordinal);
        Assert.Equal(expected, last.StateSha256);
        var killed = FinishedRun.Snapshots(run);
        Assert.All(FinishedRun.Snapshots(alone), snapshot => Assert.Equal(snapshot.Value, killed[snapshot.Key]));
        Assert.False(HasUnfinishedSnapshot(run));
    }

    /// <summary>
    /// Starts and kills a run until it was hit often enough, and once with a snapshot half written: the moment that matters
    /// most. The last kill leaves a whole snapshot to go on from, wherever the earlier ones fell.
    /// </summary>
    /// <returns>False if the run ended before.</returns>
    private bool IsKilled(string folder, int images, int kills, Random random)
    {
        int hits = 0, snapshotsHit = 0;
        while (hits < kills || snapshotsHit == 0)
        {
            using var process = AtelierProcess.Start(Command(folder, images));
            bool alive = process.WaitForLines(random.Next(1, 3), TinyRun.IsTick);
            if (hits >= kills - 1)
                alive &= process.SpinUntil(() => HasWholeSnapshot(folder));
            alive &= snapshotsHit == 0
                ? process.SpinUntil(() => HasUnfinishedSnapshot(folder))
                : process.RunsAfter(TimeSpan.FromMilliseconds(random.Next(25)));
            if (!alive || !process.Kill())
                return false;
            hits++;
            snapshotsHit += HasUnfinishedSnapshot(folder) ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"{hits} kills, {snapshotsHit} of them in a snapshot");
        return true;
    }

    public void Dispose() => _folder.Dispose();

    private string[] Command(string folder, int images) => TinyRun.Train(finished.Data, folder, images, TinyRun.Set("snapshot-kimg=0.008"));

    private static bool HasWholeSnapshot(string run)
    {
        var snapshots = Path.Combine(run, "snapshots");
        return Directory.Exists(snapshots) && Directory.GetDirectories(snapshots).Any(snapshot => File.Exists(Path.Combine(snapshot, "manifest.json")));
    }

    /// <summary>Whether a slice or a manifest is half written, or a slice stands there without its manifest.</summary>
    private static bool HasUnfinishedSnapshot(string run)
    {
        var snapshots = Path.Combine(run, "snapshots");
        try
        {
            return Directory.Exists(snapshots) && Directory.GetDirectories(snapshots).Any(snapshot =>
                Directory.GetFiles(snapshot, "*.tmp").Length > 0
                || (Directory.GetFiles(snapshot).Length > 0 && !File.Exists(Path.Combine(snapshot, "manifest.json"))));
        }
        catch (DirectoryNotFoundException)
        {
            return false; // retention deleted it in between
        }
    }
}
