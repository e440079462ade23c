using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>A run that is killed and started again by the same command ends as if it had been left alone.</summary>
public sealed class KillTests(FinishedRun finished) : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_KilledAtRandomMoments_SameStatesAsLeftAlone()
    {
        int kills = Soak ? 10 : 3, images = kills * FinishedRun.Images / 3;
        var (alone, expected) = (finished.Path, finished.StateSha256);
        if (images != FinishedRun.Images)
        {
            alone = _folder["alone"];
            expected = AtelierProcess.Run(TinyRun.Train(finished.Data, alone, images)).Succeeded().StateSha256;
        }
        int seed = Environment.TickCount;
        var random = new Random(seed);

        int hits = 0, snapshotsHit = 0;
        // A kill that met no snapshot half written does not count until one has: that is the moment that matters most.
        while (hits < kills || snapshotsHit == 0)
        {
            using var process = AtelierProcess.Start(Command(images));
            bool alive = process.WaitForLines(random.Next(1, 3), TinyRun.IsTick);
            // The last kill leaves a whole snapshot to go on from, wherever the earlier ones fell.
            if (hits >= kills - 1)
                alive &= process.SpinUntil(HasWholeSnapshot);
            alive &= snapshotsHit == 0 ? process.SpinUntil(HasUnfinishedSnapshot) : process.RunsAfter(TimeSpan.FromMilliseconds(random.Next(25)));
            Assert.True(alive && process.Kill(), $"the run ended before it was killed often enough ({hits} kills, {snapshotsHit} in a snapshot; seed {seed})");
            hits++;
            snapshotsHit += HasUnfinishedSnapshot() ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"{hits} kills, {snapshotsHit} of them in a snapshot; seed {seed}");
        var last = AtelierProcess.Run(Command(images)).Succeeded();

        Assert.Contains("resumed from", last.Text, StringComparison.Ordinal);
        Assert.Equal(expected, last.StateSha256);
        var whole = FinishedRun.Snapshots(alone);
        var killed = FinishedRun.Snapshots(_folder["run"]);
        Assert.All(whole, snapshot => Assert.Equal(snapshot.Value, killed[snapshot.Key]));
        Assert.False(HasUnfinishedSnapshot());
    }

    public void Dispose() => _folder.Dispose();

    private string[] Command(int images) => TinyRun.Train(finished.Data, _folder["run"], images, TinyRun.Set("snapshot-kimg=0.008"));

    private bool HasWholeSnapshot()
    {
        var snapshots = _folder[Path.Combine("run", "snapshots")];
        return Directory.Exists(snapshots) && Directory.GetDirectories(snapshots).Any(snapshot => File.Exists(Path.Combine(snapshot, "manifest.json")));
    }

    /// <summary>Whether a slice or a manifest is half written, or a slice stands there without its manifest.</summary>
    private bool HasUnfinishedSnapshot()
    {
        var snapshots = _folder[Path.Combine("run", "snapshots")];
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
