using System.Text.Json;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Metrics of a network from the command line.</summary>
public sealed class MetricsTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Metrics_ExportOnAnyLanes_SameJsonLine()
    {
        var one = Metrics(finished.Export, "rfd", "--json", "--lanes", "1").Succeeded().Json.Single();
        var three = Metrics(finished.Export, "rfd", "--json", "--lanes", "3").Succeeded().Json.Single();

        Assert.Equal("rfd", one.GetProperty("metric").GetString());
        Assert.Equal(Value(one), Value(three));
        foreach (var name in new[] { "total_time", "total_time_str", "num_gpus", "snapshot_pkl", "timestamp" })
            Assert.True(one.TryGetProperty(name, out _), name);
    }

    [Fact]
    public void Metrics_Snapshot_LeavesTheRunsOwnFilesAsTheyAre()
    {
        finished.CopyTo(_folder["run"]);
        string[] before = Directory.GetFiles(_folder["run"]);

        var ofRun = Metrics(_folder["run"], "rfd", "--json").Succeeded().Json.Single();
        var ofExport = Metrics(finished.Export, "rfd", "--json").Succeeded().Json.Single();

        Assert.Equal(Value(ofExport), Value(ofRun));
        Assert.Equal(before, Directory.GetFiles(_folder["run"]));
    }

    [Fact]
    public void Metrics_Text_ALineAValue()
    {
        var result = Metrics(finished.Export, "rfd").Succeeded();

        Assert.Matches(@"^rfd [\d.]+$", Assert.Single(result.Output));
        Assert.Contains("300, so compare", result.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_MissingDetector_SaysWhatToDownloadAndWhereTo()
    {
        Directory.CreateDirectory(_folder["detectors"]);

        Complaint.IsOf(Metrics(finished.Export, "fid50k_full", "--detectors", _folder["detectors"]), "inception-2015-12-05.pt", "https://", "SHA-256", _folder["detectors"], "rfd");
    }

    /// <summary>Hours of work are not lost to a file that is missing, nor found out to be at their end.</summary>
    [Fact]
    public void Metrics_SomeWithoutTheirDetector_ComputesTheRestAndNamesEachFile()
    {
        Directory.CreateDirectory(_folder["detectors"]);

        var result = AtelierProcess.Run(
            "metrics", "rfd", "fid50k_full", "kid50k_full", "pr50k3_full", "--network", finished.Export, "--data", finished.Data, "--samples", "300", "--cache", _folder["statistics"], "--detectors", _folder["detectors"]);

        Assert.Equal(2, result.ExitCode);
        Assert.Matches(@"^rfd [\d.]+$", Assert.Single(result.Output));
        Assert.Single(result.Errors, line => line.Contains("Download https://", StringComparison.Ordinal) && line.Contains("inception-2015-12-05.pt", StringComparison.Ordinal) && line.Contains("SHA-256 f58cb9b6", StringComparison.Ordinal));
        Assert.Single(result.Errors, line => line.Contains("Download https://", StringComparison.Ordinal) && line.Contains("vgg16.pt", StringComparison.Ordinal) && line.Contains("SHA-256 b437eb09", StringComparison.Ordinal));
        Assert.Contains("not computed: fid50k_full, kid50k_full, pr50k3_full", result.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--dry-run")]
    [InlineData("--workers=1")]
    [InlineData("--workers=2")]
    public void Train_MetricWithoutItsDetector_IsRefusedBeforeItBegins(string option)
    {
        string[] command = [.. TinyRun.Train(finished.Data, _folder["run"], 2 * TinyRun.Batch, "--set", "metrics=rfd,fid50k_full"), option];

        Complaint.IsOf(AtelierProcess.Start(command, "env", $"XDG_CACHE_HOME={_folder["cache"]}").WaitForExit(), "fid50k_full", "inception-2015-12-05.pt", "SHA-256");

        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Theory]
    [InlineData("fid51k", "", "`fid51k`", "fid50k")]
    [InlineData("rfd", "--samples 0", "--samples", "0")]
    [InlineData("rfd", "--samples 1", "at least 2", "1 were")]
    [InlineData("rfd", "--lanes 0", "--lanes", "0")]
    [InlineData("rfd", "--data /nowhere", "/nowhere")]
    [InlineData("fid50k", "--detectors /nowhere", "/nowhere")]
    public void Metrics_Mistake_NamesIt(string name, string option, params string[] parts) =>
        Complaint.IsOf(Metrics(finished.Export, name, option.Split(' ', StringSplitOptions.RemoveEmptyEntries)), parts);

    private static double Value(JsonElement line) => line.GetProperty("results").GetProperty("rfd").GetDouble();

    private AtelierResult Metrics(string network, string name, params string[] more) => AtelierProcess.Run(
    [
        "metrics", name, "--network", network, .. Unless(more, "--data", finished.Data), .. Unless(more, "--samples", "300"), "--cache", _folder["statistics"], .. more,
    ]);

    private static string[] Unless(string[] given, string option, string value) => given.Contains(option) ? [] : [option, value];
}
