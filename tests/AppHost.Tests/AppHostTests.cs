using System.Text.Json;
using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.AppHost.Tests;

/// <summary>The AppHost: the demo's run on two workers, seen in Aspire's dashboard.</summary>
public sealed partial class AppHostTests : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Demo_UntilItTrains_IsSeenInTheDashboardAndEndsWithoutATrace()
    {
        using var host = RunningAppHost.Start("--out", _folder.Path);

        Assert.Contains("<html", await host.ReadDashboardAsync("/"), StringComparison.Ordinal);
        // Both workers compute, and say so in metrics, traces and logs.
        var resources = await host.ReadTelemetryAsync("resources", all => Array.TrueForAll(["coordinator", "worker-1", "worker-2"], name => HasAllSignals(all, name)));
        Assert.Equal(["coordinator", "demo", "worker-1", "worker-2"], resources.EnumerateArray().Select(resource => resource.GetProperty("name").GetString()).Order());
        var iteration = await host.ReadTelemetryAsync("spans?resource=worker-2&limit=500", spans => Names(spans).Contains("iteration"));
        Assert.Contains("phase Gmain", Names(iteration));
        Assert.True(File.Exists(_folder["demo/run.json"]), "the run is not in its folder");

        Assert.Equal(0, await host.InterruptAsync());
        Assert.DoesNotContain(CommandLines(), line => line.Contains(_folder.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replicas_OverPostgres_AllShowTheRunThatTrainsAndEndWithoutATrace()
    {
        Assert.SkipUnless(Soak, "three coordinators and two workers come up one after another, which takes minutes; ATELIER_SOAK=1 runs it");
        Assert.SkipUnless(Directory.Exists("/usr/lib/postgresql"), "there is no PostgreSQL under /usr/lib/postgresql; Debian's package postgresql has it");
        using var host = RunningAppHost.Start("--replicas", "--out", _folder.Path);
        await host.ReadTelemetryAsync("spans?resource=worker-1&limit=500", spans => Names(spans).Contains("iteration"));

        // Where PostgreSQL keeps its socket, which is the database of all three.
        var coordinators = CommandLines().Where(line => line.Contains("atelier.dll coordinator", StringComparison.Ordinal) && line.Contains("/atelier-aspire-", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, coordinators.Count);
        string place = Socket().Match(coordinators[0]).Groups[1].Value;
        Assert.All(coordinators, line => Assert.Equal(place, Socket().Match(line).Groups[1].Value));
        foreach (string address in coordinators.Select(line => Listening().Match(line).Groups[1].Value))
        {
            var run = Assert.Single((await host.ReadAsync(new Uri($"http://{address}/api/runs"), runs => runs[0].GetProperty("kimg").GetDouble() > 0)).EnumerateArray());
            Assert.Equal(("demo", "running", 2), (run.GetProperty("run").GetString(), run.GetProperty("status").GetString(), run.GetProperty("workers").GetArrayLength()));
        }

        Assert.Equal(0, await host.InterruptAsync());
        Assert.DoesNotContain(CommandLines(), line => line.Contains(_folder.Path, StringComparison.Ordinal) || line.Contains(place, StringComparison.Ordinal));
        Assert.False(Directory.Exists(place), $"{place} is still there");
    }

    [Theory]
    [InlineData("--replica")]
    [InlineData("--out")]
    public async Task Start_WithAMistake_ExplainsItselfAndEnds(string argument)
    {
        using var host = RunningAppHost.Start(argument);

        Assert.Equal(2, await host.WaitForExitAsync());
        Assert.Contains("dotnet run --project src/AppHost -- [--replicas] [--out DIR]", host.Printed, StringComparison.Ordinal);
    }

    private static bool HasAllSignals(JsonElement resources, string name) =>
        resources.EnumerateArray().Any(resource => resource.GetProperty("name").GetString() == name
            && resource.GetProperty("hasLogs").GetBoolean() && resource.GetProperty("hasTraces").GetBoolean() && resource.GetProperty("hasMetrics").GetBoolean());

    private static List<string> Names(JsonElement telemetry) =>
        [.. from resource in telemetry.GetProperty("data").GetProperty("resourceSpans").EnumerateArray()
            from scope in resource.GetProperty("scopeSpans").EnumerateArray()
            from span in scope.GetProperty("spans").EnumerateArray()
            select span.GetProperty("name").GetString()!];

    private static List<string> CommandLines()
    {
        var lines = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                lines.Add(File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' '));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }
        return lines;
    }

    [GeneratedRegex("postgres:Host=([^;]+);")]
    private static partial Regex Socket();

    [GeneratedRegex("--listen ([^ ]+)")]
    private static partial Regex Listening();
}
