using System.Text.Json;
using Atelier.TestKit;

namespace Atelier.AppHost.Tests;

/// <summary>The AppHost: the demo's run on two workers, seen in Aspire's dashboard.</summary>
public sealed class AppHostTests : IDisposable
{
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
}
