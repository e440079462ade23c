using System.IO.Compression;
using Atelier.Cli.Tests;
using Atelier.TestKit;

namespace Atelier.Bench.Tests;

/// <summary>The shape of what benchmarks print; how fast anything is, is not tested.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Kernels_Json_OneLinePerKernelBesideTheRateOfACopy()
    {
        var lines = AtelierProcess.RunBench("kernels", "--repetitions", "1", "--json").Succeeded().Json;

        Assert.Contains("conv 3x3, 64x64, value", lines.Select(line => line.GetProperty("kernel").GetString()));
        Assert.Contains("Adam, 4 Mi", lines.Select(line => line.GetProperty("kernel").GetString()));
        Assert.All(lines, line => Assert.True(line.GetProperty("rate").GetDouble() > 0 && line.GetProperty("copy_gb_per_s").GetDouble() > 0, line.ToString()));
    }

    /// <summary>The fake workers speak the protocol that the coordinator has now.</summary>
    [Fact]
    public void Fleet_OfAFewWorkers_IsMeasured() =>
        Assert.Contains("running after", AtelierProcess.RunBench("fleet", "--workers", "20").Succeeded().Text, StringComparison.Ordinal);

    [Fact]
    public void Ops_Json_OneLinePerOpBesideTheMachinesRate()
    {
        var lines = AtelierProcess.RunBench("ops", "--json").Succeeded().Json;

        Assert.Contains("conv 3x3, 64x64", lines.Select(line => line.GetProperty("op").GetString()));
        Assert.Contains("adam, 4 Mi", lines.Select(line => line.GetProperty("op").GetString()));
        Assert.All(lines, line => Assert.True(line.GetProperty("machine").GetDouble() > 0 && line.GetProperty("forward").GetDouble() > 0, line.ToString()));
    }

    [Fact]
    public void Data_Json_OneLinePerFormat()
    {
        var lines = AtelierProcess.RunBench("data", "--res", "16", "--seconds", "0.05", "--threads", "2", "--json").Succeeded().Json;

        Assert.Equal(["png", "jpeg"], lines.Select(line => line.GetProperty("format").GetString()));
        Assert.All(lines, line =>
        {
            Assert.Equal("16x16", line.GetProperty("size").GetString());
            Assert.True(line.GetProperty("images_per_s_per_thread").GetDouble() > 0);
            Assert.InRange(line.GetProperty("mean_file_bytes").GetDouble(), 50, 5000);
        });
    }

    [Fact]
    public void Dataset_AgainstPillow_PrintsTheRatios()
    {
        TestImages.WriteFolder(_folder["images"], 20, 32);
        ZipFile.CreateFromDirectory(_folder["images"], _folder["images.zip"]);

        var result = AtelierProcess.RunBench("dataset", _folder["images.zip"], "--res", "16", "--repetitions", "1", "--json").Succeeded();

        var json = Assert.Single(result.Json);
        Assert.True(json.GetProperty("images_per_s").GetProperty("jobs_1").GetDouble() > 0);
        Assert.True(json.GetProperty("images_per_s").GetProperty("jobs_2").GetDouble() > 0);
        if (result.Errors.Count == 0)
            Assert.True(json.GetProperty("ratio").GetProperty("jobs_2").GetDouble() > 0);
        else
            Assert.Contains("Python", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_Json_HasTheTimesOfAFrechetDistance()
    {
        var json = AtelierProcess.RunBench("metrics", "--dimensions", "40", "--seconds", "0", "--json").Succeeded().Json.Single();

        foreach (var name in new[] { "frechet_cold_s", "frechet_cached_s" })
            Assert.True(json.GetProperty(name).GetDouble() >= 0, name);
    }

    [Fact]
    public void Analysis_Json_HasTheRatios()
    {
        var json = AtelierProcess.RunBench("analysis", "--res", "8", "--channel-base", "64", "--channel-max", "8", "--pairs", "2", "--steps", "2", "--json").Succeeded().Json.Single();

        foreach (var name in new[] { "hook_of_every_layer_to_none", "usage_share_of_tick", "projection_one_by_one_to_batched" })
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
    }

    [Fact]
    public void Import_Json_TimeAndMemoryOfAWholePickle()
    {
        var json = AtelierProcess.RunBench("import", "--res", "8", "--json").Succeeded().Json.Single();

        Assert.True(json.GetProperty("file_bytes").GetInt64() > 40_000_000);
        Assert.True(json.GetProperty("seconds").GetDouble() > 0 && json.GetProperty("peak_rss_bytes").GetInt64() > 0, json.ToString());
    }

    [Theory]
    [InlineData("analysis --pairs 0", "--pairs", "--steps")]
    [InlineData("kernels --threads 0", "--threads", "0")]
    [InlineData("kernels --repetitions 0", "--repetitions", "0")]
    [InlineData("ops --threads 0", "--threads", "0")]
    [InlineData("ops --threads 100000", "--threads", "100000")]
    [InlineData("data --threads 0", "--threads")]
    [InlineData("data --res -1", "--res")]
    [InlineData("data --seconds -1", "--seconds")]
    [InlineData("dataset nowhere.zip", "nowhere.zip")]
    [InlineData("dataset x.zip --res 6", "--res", "6")]
    [InlineData("metrics --dimensions 1", "--dimensions")]
    [InlineData("metrics --lanes 0", "--lanes")]
    [InlineData("metrics --seconds -1", "--seconds")]
    [InlineData("fleet --workers 0", "--workers")]
    [InlineData("kernel", "`kernel`", "`kernels`", "atelier-bench --help")]
    public void CommandLine_Invalid_OneLineWithAHint(string line, params string[] parts) => Complaint.IsOf(AtelierProcess.RunBench(line.Split(' ')), parts);

    public void Dispose() => _folder.Dispose();
}
