using System.Text.Json;
using Atelier.Cli.Tests;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>The commands of people, as processes, against a coordinator and workers that are processes too.</summary>
public sealed class PeopleCommandsTests : IDisposable
{
    private const string Run = "faces";

    private readonly StandingCluster _cluster = new();
    private readonly TemporaryFolder _folder = new();

    private string[] At => ["--coordinator", _cluster.Address];

    [Fact]
    public async Task Commands_OverTheLifeOfARun_SayWhatHappens()
    {
        _cluster.StartWorker("w0");
        _cluster.StartWorker("w1");
        await _cluster.UntilAttachedAsync();
        WriteSubmission(images: 4_000_000);

        // Nothing is submitted yet; what is printed is a submission itself.
        var preview = Command("submit", "--dry-run", "-f", _folder["faces.json"]).Succeeded();
        // A worker that has just attached is probed first.
        for (int again = 0; again < 30 && !preview.Text.Contains("2 of 2", StringComparison.Ordinal); again++)
            preview = Command("submit", "--dry-run", "-f", _folder["faces.json"]).Succeeded();
        Assert.Contains("would begin at once; 2 of 2 suitable workers are free", preview.Text, StringComparison.Ordinal);
        Assert.Contains("channel-max = 8 (512)", preview.Text, StringComparison.Ordinal);
        File.WriteAllText(_folder["resolved.json"], Command("submit", "--dry-run", "-o", "json", "-f", _folder["faces.json"]).Succeeded().Text);
        Assert.Equal("no runs", Command("ls", "--all").Succeeded().Text);

        Assert.Contains("faces is queued", Command("submit", "-f", _folder["resolved.json"]).Succeeded().Text, StringComparison.Ordinal);
        Assert.Contains("nothing changed", Command("submit", "-f", _folder["faces.json"]).Succeeded().Text, StringComparison.Ordinal);
        Complaint.IsOf(Command("submit", "-f", _folder["faces.json"], "--kimg", "7"), "kimg 7 (the run has 4000)");
        Complaint.IsOf(Command("delete", Run, "--yes"), "cannot be deleted", "atelier cancel");

        await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Running, Workers.Count: 2, HasRemainingSeconds: true });
        var row = Command("ls").Succeeded().Output;
        Assert.Matches(@"^run +status +% +kimg +img/s +ETA +loss G +D +metric +workers +reason$", row[0]);
        Assert.Matches(@"^faces  running  +[\d.]+  +[\d.]+/4000\.0  +[\d.]+  .+  2\b", row[1]);
        var json = JsonDocument.Parse(Command("ls", "-o", "json").Succeeded().Text).RootElement[0];
        double left = 4000 - json.GetProperty("kimg").GetDouble();
        Assert.InRange(json.GetProperty("remaining_s").GetDouble() * json.GetProperty("images_per_s").GetDouble() / 1000, 0.9 * left, 1.1 * left);

        // What the coordinator saw of the workers stands in the run's log.
        _cluster.Kill("w1");
        await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Running, Workers.Count: 1 });
        _cluster.StartWorker("w2");
        await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Running, Workers.Count: 2 });
        Assert.Contains("w0 is evicted until", Command("evict", "w0", "--reason", "its fan is loud").Succeeded().Text, StringComparison.Ordinal);
        await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Running } && run.Workers is ["w2"]);
        var logs = Command("logs", Run).Succeeded().Text;
        Assert.Contains("coordinator: w1 was lost", logs, StringComparison.Ordinal);
        Assert.Contains("coordinator: w0 was evicted: its fan is loud", logs, StringComparison.Ordinal);
        var workers = Command("workers").Succeeded();
        Assert.Contains(workers.Output, line => line.StartsWith("w0", StringComparison.Ordinal) && line.EndsWith("its fan is loud", StringComparison.Ordinal));
        Assert.Contains(workers.Output, line => line.StartsWith("w2", StringComparison.Ordinal) && line.Contains(" faces", StringComparison.Ordinal));
        var description = Command("describe", Run).Succeeded().Text;
        Assert.Contains(_cluster.Store, description, StringComparison.Ordinal);
        Assert.Contains("changed from the recipe:\n  ", description, StringComparison.Ordinal);
        Assert.Contains("was evicted: its fan is loud", description, StringComparison.Ordinal);
        Assert.Equal("w2", JsonDocument.Parse(Command("describe", Run, "-o", "json").Succeeded().Text).RootElement.GetProperty("workers")[0].GetProperty("worker").GetString());

        // What came since the last snapshot is saved before the run ends.
        Command("cancel", Run).Succeeded();
        var watched = Command("watch", Run);
        Assert.Equal(6, watched.ExitCode);
        Assert.Contains("faces is cancelled", watched.Text, StringComparison.Ordinal);
        Assert.NotEmpty(JsonDocument.Parse(AtelierProcess.Run("snapshots", _cluster.Store, "--json").Succeeded().Text).RootElement.EnumerateArray());
        // They are drawn after what matters more is saved.
        await _cluster.UntilWrittenAsync("progress.png");
        await _cluster.UntilWrittenAsync("curves.png");

        Assert.Contains($"its files are still in {_cluster.Store}", Command("delete", Run, "--yes").Succeeded().Text, StringComparison.Ordinal);
        Assert.Equal("no runs", Command("ls", "--all").Succeeded().Text);
        Assert.True(Directory.Exists(Path.Combine(_cluster.Store, "snapshots")));
        Complaint.IsOf(Command("watch", Run), "no run named faces");
    }

    [Fact]
    public async Task Watch_ThroughACoordinatorThatIsKilled_GoesOnAndEndsWithTheOutcome()
    {
        _cluster.StartWorker("w0");
        await _cluster.UntilAttachedAsync();
        WriteSubmission(images: 800_000);
        // The first address is of nobody; the second one is tried at once.
        using var watch = AtelierProcess.Start(["submit", "-f", _folder["faces.json"], "--watch", "--coordinator", $"unix:{_folder["nobody.sock"]}", .. At]);
        Assert.True(watch.WaitForLines(1, line => line.Contains("faces is running", StringComparison.Ordinal)));
        await _cluster.UntilAsync(Run, run => run.Iteration > 4);

        _cluster.RestartCoordinator();
        var before = await _cluster.UntilAsync(Run, run => run is { Status: RunStatus.Running });
        await _cluster.UntilAsync(Run, run => run.Iteration > before.Iteration);
        await _cluster.Runs.PauseAsync(new PauseRequest { Run = Run }, cancellationToken: TestContext.Current.CancellationToken);
        var watched = watch.WaitForExit();

        Assert.Equal(7, watched.ExitCode);
        Assert.Contains(watched.Errors, line => line.Contains("reconnecting", StringComparison.Ordinal));
        Assert.Contains("faces is paused", watched.Output[^1], StringComparison.Ordinal);
        // Nothing is told twice.
        var lines = watched.Output.Where(line => line.Contains("starts at iteration", StringComparison.Ordinal)).ToList();
        Assert.Equal(lines.Distinct(), lines);
    }

    [Fact]
    public async Task Watch_ARunThatFinishes_EndsWithZero()
    {
        _cluster.StartWorker("w0");
        await _cluster.UntilAttachedAsync();
        WriteSubmission(images: 160);

        var watched = Command("submit", "-f", _folder["faces.json"], "--watch").Succeeded();

        Assert.Contains("faces is finished at 0.16 kimg", watched.Text, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _cluster.Dispose();
        _folder.Dispose();
    }

    private AtelierResult Command(params string[] arguments) => AtelierProcess.Run([.. arguments, .. At]);

    /// <summary>A run of small networks; its snapshots come seldom, its pictures often.</summary>
    private void WriteSubmission(int images)
    {
        var keys = SmallRun.Keys.Append($"kimg={images / 1000.0}").Append("snapshot-kimg=1000").Append("image-kimg=0.016").Append("tick-kimg=0.08").Select(key => key.Split('=')).GroupBy(key => key[0]).ToDictionary(key => key.Key, key => key.Last()[1]);
        File.WriteAllText(_folder["faces.json"], JsonSerializer.Serialize(
            new Dictionary<string, object> { ["run"] = Run, ["data"] = _cluster.Data, ["out"] = _cluster.Store, ["recipe"] = "config-f", ["spec"] = keys }));
    }
}
