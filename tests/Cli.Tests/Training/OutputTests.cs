using System.IO.Compression;
using System.Text.Json;
using Atelier.Core.Specs;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>What <c>train</c> prints and leaves.</summary>
public sealed class OutputTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_Json_EveryLineSaysOneThing()
    {
        var lines = finished.Result.Json;

        Assert.All(lines.Take(lines.Count - 1), line => Assert.Contains(Assert.Single(line.EnumerateObject()).Name, new[] { "begin", "say", "tick" }));
        Assert.Equal(FinishedRun.Images / TinyRun.Batch, lines.Count(line => line.TryGetProperty("tick", out _)));
        var summary = lines[^1];
        Assert.Equal("finished", summary.GetProperty("end").GetString());
        Assert.Equal(FinishedRun.Images / 1000.0, summary.GetProperty("kimg").GetDouble());
        Assert.Matches("^[0-9a-f]{64}$", summary.GetProperty("state_sha256").GetString()!);
        Assert.All(summary.GetProperty("files").EnumerateObject(), file => Assert.True(Path.Exists(file.Value.GetString()), file.Name));
        Assert.Empty(finished.Result.Errors);
    }

    [Fact]
    public void Train_Ended_LeavesTheFilesThatScriptsKnow()
    {
        foreach (var name in new[] { "run.json", "stats.jsonl", "events.jsonl", "reals.png", "fakes_init.png", "samples/fakes000000.096.png", "curves.png", "progress.png", "log.txt", "snapshots" })
            Assert.True(Path.Exists(Path.Combine(finished.Path, name)), name);
        string[] log = File.ReadAllLines(Path.Combine(finished.Path, "log.txt"));
        Assert.All(log, line => Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S", line));
        Assert.Contains(log, line => line.Contains("images    20 at 8x8 from", StringComparison.Ordinal) && line.EndsWith("; no labels", StringComparison.Ordinal));
        Assert.Contains(log, line => line.Contains("networks  generator ", StringComparison.Ordinal) && line.Contains(" parameters, discriminator ", StringComparison.Ordinal));
        Assert.Contains(log, line => line.Contains("tick 11 ", StringComparison.Ordinal) && line.Contains(" loss G ", StringComparison.Ordinal) && line.Contains(" ETA 0s", StringComparison.Ordinal));
        Assert.Contains(log, line => line.Contains("finished at 0.096 kimg", StringComparison.Ordinal));
        Assert.All(
            File.ReadLines(Path.Combine(finished.Path, "stats.jsonl")).Concat(File.ReadLines(Path.Combine(finished.Path, "events.jsonl"))),
            line => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind));
    }

    [Fact]
    public void Snapshots_Json_ListsOldestFirst()
    {
        var list = AtelierProcess.Run("snapshots", finished.Path, "--json").Succeeded().Json.Single().EnumerateArray().ToList();

        Assert.Equal([0.016, 0.032, 0.048, 0.064, 0.08, 0.096], list.Select(snapshot => snapshot.GetProperty("kimg").GetDouble()));
        Assert.All(list, snapshot => Assert.True(Directory.Exists(snapshot.GetProperty("path").GetString())));
        Assert.All(list, snapshot => Assert.Equal(["kimg", "path", "state_sha256"], snapshot.EnumerateObject().Select(property => property.Name)));
        Assert.Equal(finished.StateSha256, list[^1].GetProperty("state_sha256").GetString());
    }

    [Fact]
    public void Train_WithoutATerminal_PlainLines()
    {
        var command = TinyRun.Train(finished.Data, _folder["run"], 2 * TinyRun.Batch).Where(argument => argument != "--json");

        var result = AtelierProcess.Run(command).Succeeded();

        Assert.DoesNotContain(result.Text, text => char.IsControl(text) && text != '\n');
        Assert.Equal(2, result.Output.Count(line => line.StartsWith("tick ", StringComparison.Ordinal)));
        Assert.Contains(result.Output, line => line.StartsWith("finished at ", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_FinishedRunAgain_KeepsItsStateAndSaysSo()
    {
        finished.CopyTo(_folder["run"]);

        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images)).Succeeded();

        Assert.Equal(finished.StateSha256, result.StateSha256);
        Assert.DoesNotContain(result.Output, TinyRun.IsTick);
    }

    [Fact]
    public void Train_FinishedRunWithOtherNoise_DrawsItsGridAnew()
    {
        const string Grid = "samples/fakes000000.096.png";
        finished.CopyTo(_folder["run"]);

        AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images, "--set", "noise-mode=random")).Succeeded();

        Assert.NotEqual(File.ReadAllBytes(Path.Combine(finished.Path, Grid)), File.ReadAllBytes(_folder[Path.Combine("run", Grid)]));
    }

    [Fact]
    public void Train_ZipOfTheFolder_SameState()
    {
        ZipFile.CreateFromDirectory(finished.Data, _folder["images.zip"]);

        var result = AtelierProcess.Run(TinyRun.Train(_folder["images.zip"], _folder["run"], 2 * TinyRun.Batch)).Succeeded();

        Assert.Equal(FinishedRun.Snapshots(finished.Path)[0.016], result.StateSha256);
    }

    [Fact]
    public void Train_DryRun_PrintsEveryKeyAndCreatesNothing()
    {
        var result = AtelierProcess.Run(DryRun()).Succeeded();

        Assert.All(SpecKeys.All, key => Assert.Contains(result.Output, line => line.TrimStart().StartsWith(key.Name + " ", StringComparison.Ordinal)));
        Assert.Matches("channel-max +8 +override", result.Text);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Fact]
    public void Train_DryRunJson_IsARecipe()
    {
        var recipe = _folder["recipe.json"];
        File.WriteAllText(recipe, AtelierProcess.Run([.. DryRun(), "--json"]).Succeeded().Text);

        var result = AtelierProcess.Run("train", "--data", finished.Data, "--out", _folder["run"], "--recipe", recipe, "--json").Succeeded();

        Assert.Equal(finished.StateSha256, result.StateSha256);
    }

    public void Dispose() => _folder.Dispose();

    private string[] DryRun() => ["train", "--data", finished.Data, "--out", _folder["run"], .. TinyRun.Spec(FinishedRun.Images), "--dry-run"];
}
