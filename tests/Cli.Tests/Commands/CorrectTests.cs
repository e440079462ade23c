using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Analysis and correction of a network, command by command.</summary>
public sealed class CorrectTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Analyze_TwoNetworks_ScoresPicturesAndTheSameAgainFromItsFiles()
    {
        string snapshot = Directory.GetDirectories(Path.Combine(finished.Path, "snapshots")).Order().Last();
        string[] arguments = ["analyze", "--network", finished.Export, "--network", finished.Path, "--network", snapshot, "--out", _folder["analysis"], "--seeds", "0-5", "--noises", "2", "--pictures", "2", "--json"];
        var first = AtelierProcess.Run(arguments).Succeeded();
        var second = AtelierProcess.Run(arguments).Succeeded();

        Assert.Equal(["G_ema", "run", "run-2"], first.Json.Select(network => network.GetProperty("network").GetString()));
        Assert.All(first.Json, network => Assert.True(network.GetProperty("droplet").GetDouble() >= 1));
        // An export has the run's weights.
        Assert.Equal(first.Json[0].GetProperty("droplet").GetDouble(), first.Json[1].GetProperty("droplet").GetDouble());
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(1 + 6, File.ReadLines(_folder["analysis/G_ema/droplets.jsonl"]).Count());
        foreach (string picture in new[] { "side-by-side.png", "G_ema/magnitudes.png", "G_ema/ablation.png", "run/magnitudes.png" })
            Assert.True(File.Exists(_folder["analysis/" + picture]), picture);
        Complaint.IsOf(AtelierProcess.Run([.. arguments, "--layer", "b8.conv3"]), "`b8.conv3`", "Did you mean `b8.conv");
    }

    [Fact]
    public void Correct_FromLabelsToCorrectedSamples_EachPartGoesOnFromTheOneBefore()
    {
        string work = _folder["work"];
        string[] common = ["--network", finished.Export, "--work", work];
        Complaint.IsOf(AtelierProcess.Run(["correct", "train", .. common, "--data", finished.Data]), "labels.jsonl", "correct label");
        Directory.CreateDirectory(work);
        File.WriteAllLines(Path.Combine(work, "labels.jsonl"), Enumerable.Range(0, 12).Select(seed => $$"""{"seed":{{seed}},"label":"artifact"}"""));
        Complaint.IsOf(AtelierProcess.Run(["correct", "train", .. common, "--data", finished.Data]), "12 samples labelled as artifacts and 0 as normal");
        File.AppendAllLines(Path.Combine(work, "labels.jsonl"), Enumerable.Range(20, 8).Select(seed => $$"""{"seed":{{seed}},"label":"normal"}"""));
        Complaint.IsOf(AtelierProcess.Run(["correct", "apply", .. common]), "scores.json", "correct rank");

        string[] train = ["correct", "train", .. common, "--data", finished.Data, "--width", "4", "--batch", "8"];
        Assert.Contains("4 minibatches", AtelierProcess.Run([.. train, "--steps", "4"]).Succeeded().Text, StringComparison.Ordinal);
        Assert.Contains("6 minibatches", AtelierProcess.Run([.. train, "--steps", "6"]).Succeeded().Text, StringComparison.Ordinal);
        Assert.Equal(["b4.conv1", "b8.conv0", "b8.conv1"], AtelierProcess.Run(["correct", "rank", .. common]).Succeeded().Output.Select(line => line.Split(' ')[0]));
        var applied = AtelierProcess.Run(["correct", "apply", .. common, "--data", finished.Data, "--samples", "32"]).Succeeded();
        Assert.Contains("of b4.conv1, b8.conv0", applied.Output[0], StringComparison.Ordinal);
        Assert.Equal(2, applied.Output.Count(line => line.StartsWith("rfd of 32", StringComparison.Ordinal)));

        string correction = Path.Combine(work, "correction.json");
        byte[] Picture(string name, params string[] more)
        {
            AtelierProcess.Run(["generate", "--network", finished.Export, "--seeds", "1", "--out", _folder[name], .. more]).Succeeded();
            return File.ReadAllBytes(_folder[name]);
        }
        Assert.NotEqual(Picture("plain.png"), Picture("corrected.png", "--correction", correction));
        var metric = AtelierProcess.Run("metrics", "rfd", "--network", finished.Export, "--data", finished.Data, "--samples", "32", "--correction", correction).Succeeded();
        Assert.Equal(applied.Output[^1].Split(' ')[^1], metric.Output.Single().Split(' ')[1]);
    }

    [Fact]
    public void Rank_RarelyActive_NeedsNoLabels() =>
        Assert.Equal(3, AtelierProcess.Run("correct", "rank", "--network", finished.Export, "--work", _folder["rare"], "--by", "rare", "--seeds", "0-9").Succeeded().Output.Count);

    public void Dispose() => _folder.Dispose();
}
