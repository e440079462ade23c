using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>The shape of what benchmarks print; how fast anything is, is not tested.</summary>
public sealed class BenchTests
{
    private static readonly Dictionary<string, string> Tiny = new()
    {
        ["--res"] = "8", ["--channel-base"] = "64", ["--channel-max"] = "8", ["--batch"] = "4", ["--shard"] = "2", ["--iterations"] = "1",
    };

    [Theory]
    [InlineData]
    [InlineData("--augpipe", "bgcfnc", "--aug-p", "0.9")]
    public void BenchStep_Json_HasTheFieldsThatScriptsKnow(params string[] more)
    {
        var json = AtelierProcess.Run([.. Step(Tiny), "--json", .. more]).Succeeded().Json.Single();

        Assert.Equal(["Gmain", "Greg", "Dmain", "Dreg"], json.GetProperty("phases_s").EnumerateObject().Select(phase => phase.Name));
        Assert.All(json.GetProperty("phases_s").EnumerateObject(), phase => Assert.True(phase.Value.GetDouble() > 0));
        foreach (var name in new[] { "images_per_s", "peak_rss_bytes", "gemm_gflops" })
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
        Assert.True(json.GetProperty("step_gflops").GetDouble() >= 0);
        Assert.Equal(2, json.GetProperty("shard").GetInt32());
    }

    /// <summary>A clock that starts late measures thousands.</summary>
    [Fact]
    public void BenchStep_RateOfMatrixProducts_IsNoFasterThanAnyProcessor()
    {
        // Two units of 16 lanes, each a multiplication and an addition, at 6 GHz, on each of at most two threads.
        const double fastest = 2 * 2 * 16 * 2 * 6.0;
        var json = AtelierProcess.Run([.. Step(new(Tiny) { ["--shard"] = "4" }), "--json"]).Succeeded().Json.Single();

        Assert.InRange(json.GetProperty("gemm_gflops").GetDouble(), 0, fastest);
    }

    [Theory]
    [InlineData("--shard", "3", "3", "4")]
    [InlineData("--iterations", "0", "--iterations", "0")]
    [InlineData("--res", "30", "30x30")]
    [InlineData("--channel-base", "4", "channel-base 4", "8")]
    [InlineData("--channel-max", "0", "`channel-max`", "`0`")]
    public void BenchStep_BadOption_NamesIt(string option, string value, params string[] parts)
    {
        Complaint.IsOf(AtelierProcess.Run(Step(new(Tiny) { [option] = value })), parts);
    }

    [Theory]
    [InlineData("shared-memory")]
    [InlineData("grpc")]
    [InlineData("grpc-tls")]
    [InlineData("in-process")]
    public void BenchAllReduce_Json_HasTheFieldsThatScriptsKnow(string transport)
    {
        var json = AtelierProcess.Run("bench", "allreduce", "--ranks", "2", "--megabytes", "1", "--repetitions", "1", "--transport", transport, "--json").Succeeded().Json.Single();

        foreach (var name in new[] { "seconds", "bus_gb_per_s", "extra_bytes_per_rank" })
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
    }

    [Theory]
    [InlineData("--ranks", "0")]
    [InlineData("--megabytes", "-1")]
    [InlineData("--repetitions", "0")]
    [InlineData("--transport", "pigeon", "shared-memory")]
    public void BenchAllReduce_BadOption_NamesIt(string option, string value, params string[] parts) =>
        Complaint.IsOf(AtelierProcess.Run("bench", "allreduce", option, value), [option, .. parts]);

    private static string[] Step(Dictionary<string, string> options) => ["bench", "step", .. options.SelectMany(option => new[] { option.Key, option.Value })];
}
