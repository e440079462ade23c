using System.Text.Json.Nodes;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>What a run does when its first metric gets no better, or far worse.</summary>
public sealed class QualityTests(FinishedRun finished) : IDisposable
{
    private static readonly string[] Once = ["--set", "rollbacks=1"];

    private readonly TemporaryFolder _folder = new();

    private string Run => _folder["run"];

    [Fact]
    public void Train_AnExplodedMetric_GoesBackAndOnAlongAnotherBranch()
    {
        var text = TrainOnAfterAPerfectValue(192, Once).Text;

        Assert.Contains("branch 1 began: rolled back to 000000.064: rfd of 000000.128", text, StringComparison.Ordinal);
        var hashes = Directory.GetDirectories(Path.Combine(Run, "snapshots")).Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path)!, Hash);
        Assert.Equal(["000000.064", "000000.064-b1", "000000.128", "000000.128-b1", "000000.192-b1"], hashes.Keys);
        Assert.Equal(hashes["000000.064"], hashes["000000.064-b1"]);
        Assert.NotEqual(hashes["000000.128"], hashes["000000.128-b1"]);
        // It may go back once; the second explosion is let be.
        Assert.Equal(1, Record()["branch"]!.GetValue<int>());
        Assert.Equal(1, Record()["rollbacks"]!.GetValue<int>());
    }

    [Fact]
    public void Train_TheLastValueExplodes_GoesBackToo()
    {
        TrainOnAfterAPerfectValue(128, Once);

        Assert.Equal(["000000.064", "000000.064-b1", "000000.128", "000000.128-b1"], Snapshots());
    }

    [Fact]
    public void Train_KilledBeforeAValueWasKnown_GoesBackAllTheSame()
    {
        TrainOnAfterAPerfectValue(128);
        string snapshot = Path.Combine(Run, "snapshots", "000000.128");
        var manifest = Manifest(snapshot);
        manifest["metrics"]!.AsObject().Remove("rfd");
        File.WriteAllText(Path.Combine(snapshot, "manifest.json"), manifest.ToJsonString());

        Train(192, Once);

        Assert.Equal(["000000.064", "000000.064-b1", "000000.128", "000000.128-b1", "000000.192-b1"], Snapshots());
    }

    [Fact]
    public void Train_KilledWhenItHadGoneBack_EndsInTheSameState()
    {
        string whole = TrainOnAfterAPerfectValue(192, Once).StateSha256!;
        foreach (string later in (string[])["000000.128-b1", "000000.192-b1"])
            Directory.Delete(Path.Combine(Run, "snapshots", later), recursive: true);
        var record = Record();
        (record["branch"], record["rollbacks"]) = (0, 0);
        File.WriteAllText(Path.Combine(Run, "run.json"), record.ToJsonString());

        Assert.Equal(whole, Train(192, Once).StateSha256);
        Assert.Equal(1, Record()["rollbacks"]!.GetValue<int>());
    }

    [Fact]
    public void Train_ByDefault_GoesOn()
    {
        TrainOnAfterAPerfectValue(192);

        Assert.Equal(0, Record()["branch"]!.GetValue<int>());
        Assert.True(Directory.Exists(Path.Combine(Run, "snapshots", "000000.192")));
    }

    [Fact]
    public void Train_NoBetterForLong_Stops()
    {
        var result = TrainOnAfterAPerfectValue(192, "--set", "patience=0.06");

        Assert.Contains("rfd was best at 000000.064 (0.001), with no improvement for 0.064 kimg", result.Text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Run, "snapshots", "000000.192")));
    }

    public void Dispose() => _folder.Dispose();

    private IEnumerable<string> Snapshots() => Directory.GetDirectories(Path.Combine(Run, "snapshots")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    private static string Hash(string snapshot) => Manifest(snapshot)["state_sha256"]!.GetValue<string>();

    private static JsonNode Manifest(string snapshot) => JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, "manifest.json")))!;

    private JsonNode Record() => JsonNode.Parse(File.ReadAllText(Path.Combine(Run, "run.json")))!;

    /// <summary>Trains to a first snapshot, makes its value a thousandth, and trains on.</summary>
    private AtelierResult TrainOnAfterAPerfectValue(int images, params string[] more)
    {
        Train(64);
        string snapshot = Path.Combine(Run, "snapshots", "000000.064");
        var manifest = Manifest(snapshot);
        manifest["metrics"]!["rfd"] = 0.001;
        File.WriteAllText(Path.Combine(snapshot, "manifest.json"), manifest.ToJsonString());
        return Train(images, more);
    }

    private AtelierResult Train(int images, params string[] more) => AtelierProcess.Run(TinyRun.Train(
        finished.Data, Run, images, [.. TinyRun.Set("snapshot-kimg=0.064", "metrics-every=0.064", "metrics=rfd"), .. more])).Succeeded();
}
