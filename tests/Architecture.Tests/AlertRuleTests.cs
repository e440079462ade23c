using System.Diagnostics;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>The rules for Prometheus, by its own tool.</summary>
public sealed class AlertRuleTests
{
    [Theory]
    [InlineData("check", "rules", "alerts.yml")]
    [InlineData("check", "config", "prometheus.yml")]
    [InlineData("test", "rules", "alerts_test.yml")]
    public async Task Promtool_OfTheFiles_Succeeds(params string[] arguments)
    {
        const string Tool = "/usr/bin/promtool";
        if (!File.Exists(Tool))
            Assert.Skip($"there is no {Tool}; Debian's package prometheus has it");
        using var process = Process.Start(new ProcessStartInfo(Tool, arguments) { WorkingDirectory = Repository.Full("deploy/prometheus"), RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{output}\n{await error}");
        Assert.Contains("SUCCESS", output, StringComparison.Ordinal);
    }

    /// <summary>Every alert has a test in which it fires.</summary>
    [Fact]
    public void RuleTests_EveryAlert_FiresInOne()
    {
        string[] Named(string file, string key) =>
            [.. Repository.Read($"deploy/prometheus/{file}").Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith(key, StringComparison.Ordinal)).Select(line => line[key.Length..].Trim()).Distinct()];
        Assert.Equal(Named("alerts.yml", "- alert:"), Named("alerts_test.yml", "alertname:"));
    }
}
