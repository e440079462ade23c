using System.Text.Json;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Who computes, and on how many cores, changes no bit.</summary>
public sealed class WorkersTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Train_AnyNumberOfWorkers_SameState(int workers)
    {
        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images, "--workers", $"{workers}")).Succeeded();

        Assert.Equal(finished.StateSha256, result.StateSha256);
    }

    [Fact]
    public void Train_MetricsOverWorkers_TheSameValues()
    {
        string[] Train(string name, params string[] more) => TinyRun.Train(
            finished.Data, _folder[name], 8 * TinyRun.Batch, [.. more, "--set", "metrics-every=0.032", "--set", "metrics=rfd"]);
        AtelierProcess.Run(Train("one")).Succeeded();
        AtelierProcess.Run(Train("two", "--workers", "2")).Succeeded();

        Assert.Equal(2, Values("one").Length);
        Assert.Equal(Values("one"), Values("two"));
        Assert.Equal(Best("one"), Best("two"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Train_GradientsThatStayNonFinite_EndsWithTheirExitCode(int workers)
    {
        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], 8 * TinyRun.Batch, "--workers", $"{workers}", "--set", "lr=1e30"));

        Assert.True(result.ExitCode == 4, $"exit code {result.ExitCode}\n{result.Text}\n{result.ErrorText}");
        string log = File.ReadAllText(Path.Combine(_folder["run"], "log.txt"));
        Assert.Contains("this run has no good snapshot", log, StringComparison.Ordinal);
        Assert.Contains("start again with a new --out and a lower lr (now 1E+30)", log, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_NonFiniteAfterAGoodSnapshot_NamesItAndWhatToChange()
    {
        finished.CopyTo(_folder["run"]);

        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images + (8 * TinyRun.Batch), "--set", "lr=1e30"));

        Assert.True(result.ExitCode == 4, $"exit code {result.ExitCode}\n{result.Text}\n{result.ErrorText}");
        Assert.Equal("000000.096", result.Json[^1].GetProperty("last_good").GetString());
        string log = File.ReadAllText(Path.Combine(_folder["run"], "log.txt"));
        Assert.Contains("the last good snapshot is 000000.096", log, StringComparison.Ordinal);
        Assert.Contains("to continue from 000000.096 on a new branch", log, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OnOneCore_SameStateAsOnAll()
    {
        Assert.SkipWhen(Environment.ProcessorCount < 2, "this machine has one core");
        Assert.SkipUnless(File.Exists("/usr/bin/taskset"), "taskset (util-linux) is not installed");

        using var process = AtelierProcess.Start(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images), "/usr/bin/taskset", "-c", "0");

        Assert.Equal(finished.StateSha256, process.WaitForExit().Succeeded().StateSha256);
    }

    [Fact]
    public void Train_AnotherSeed_AnotherState()
    {
        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], 2 * TinyRun.Batch, "--seed", "1")).Succeeded();

        Assert.NotEqual(FinishedRun.Snapshots(finished.Path)[0.016], result.StateSha256);
    }

    public void Dispose() => _folder.Dispose();

    private string? Best(string run) => new FileInfo(Path.Combine(_folder[run], "best")).LinkTarget;

    /// <summary>Values of the metric over time, to the last bit.</summary>
    private string[] Values(string run) =>
        [.. File.ReadLines(Path.Combine(_folder[run], "metric-rfd.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("results").GetRawText())];
}
