using System.Globalization;
using System.Text.RegularExpressions;
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
        var usage = first.Json[0].GetProperty("usage");
        Assert.Equal(1, usage.GetProperty("4").GetDouble() + usage.GetProperty("8").GetDouble(), 1e-6);
        foreach (string picture in new[] { "usage.png", "side-by-side.png", "G_ema/magnitudes.png", "G_ema/ablation.png", "run/magnitudes.png" })
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
        string regions = Path.Combine(work, "regions.png");
        Assert.Equal(["b4.conv1", "b8.conv0", "b8.conv1", regions], AtelierProcess.Run(["correct", "rank", .. common]).Succeeded().Output.Select(line => line.Split(' ')[0]));
        Assert.NotEmpty(File.ReadAllBytes(regions));
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
        byte[] Video(string name, params string[] more)
        {
            AtelierProcess.Run(["video", "--network", finished.Export, "--seeds", "0-1", "--frames", "2", "--out", _folder[name], .. more]).Succeeded();
            return File.ReadAllBytes(_folder[name]);
        }
        Assert.NotEqual(Video("plain.webp"), Video("corrected.webp", "--correction", correction));
        AtelierProcess.Run("mix", "--network", finished.Export, "--correction", correction, "--out", _folder["mixed.png"]).Succeeded();
        var metric = AtelierProcess.Run("metrics", "rfd", "--network", finished.Export, "--data", finished.Data, "--samples", "32", "--correction", correction).Succeeded();
        Assert.Equal(applied.Output[^1].Split(' ')[^1], metric.Output.Single().Split(' ')[1]);
    }

    [Fact]
    public void Analyze_Interrupted_GoesOnAfterTheSamplesItHas()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored here");
        string[] command = ["analyze", "--network", finished.Export, "--out", _folder["stopped"], "--seeds", "0-999", "--ablate", "0", "--pictures", "1"];
        string ledger = _folder["stopped/droplets.jsonl"];
        Interrupt(command, () => Lines(ledger).Length > 3);
        string[] kept = Lines(ledger);
        var again = AtelierProcess.Run(command).Succeeded();

        Assert.InRange(kept.Length, 4, 1000);
        Assert.Equal(kept, Lines(ledger)[..kept.Length]);
        Assert.Equal(1 + 1000, Lines(ledger).Length);
        Assert.Contains("over 1,000 samples", again.Output[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Interrupted_GoesOnAfterTheLastMinibatch()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored here");
        string work = _folder["interrupted"];
        Directory.CreateDirectory(work);
        File.WriteAllLines(Path.Combine(work, "labels.jsonl"), Enumerable.Range(0, 12).Select(seed => $$"""{"seed":{{seed}},"label":"{{(seed < 6 ? "artifact" : "normal")}}"}"""));
        string[] command = ["correct", "train", "--network", finished.Export, "--work", work, "--data", finished.Data, "--width", "4", "--batch", "4", "--steps"];
        var stopped = Interrupt([.. command, "100000"], () => File.Exists(Path.Combine(work, "classifier.safetensors")));
        int steps = int.Parse(Regex.Match(stopped.ErrorText, "stopped after ([0-9,]+) of 100,000").Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

        // No minibatch more: what it says was kept is what it goes on from.
        Assert.Contains($"{steps:#,0} minibatches, loss NaN", AtelierProcess.Run([.. command, $"{steps}"]).Succeeded().Text, StringComparison.Ordinal);
        Assert.True(steps >= 50);
    }

    [Fact]
    public void Rank_RarelyActive_NeedsNoLabels() =>
        Assert.Equal(3, AtelierProcess.Run("correct", "rank", "--network", finished.Export, "--work", _folder["rare"], "--by", "rare", "--seeds", "0-9").Succeeded().Output.Count);

    public void Dispose() => _folder.Dispose();

    private static AtelierResult Interrupt(string[] command, Func<bool> isUnderWay)
    {
        using var process = AtelierProcess.Start(command);
        Assert.True(process.SpinUntil(isUnderWay), $"it ended before it was under way:\n{process.Printed}");
        process.Signal("INT");
        var result = process.WaitForExit();
        Assert.Equal(130, result.ExitCode);
        Assert.Contains("run the same command again to continue", result.ErrorText, StringComparison.Ordinal);
        return result;
    }

    private static string[] Lines(string file)
    {
        if (!File.Exists(file))
            return [];
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
