using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>The demo, cut down until it takes a second: the emoji, the time limit, going on.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Demo_TimeIsUp_EndsWellAndGoesOnTheNextTime()
    {
        string[] command =
        [
            "demo", "--minutes", "0.1", "--out", _folder["run"], "--json",
            .. TinyRun.Set("channel-base=128", "channel-max=8", "z-dim=16", "w-dim=16", "batch=8", "shard=4", "mbstd-group=4"),
        ];

        var first = AtelierProcess.Run(command);
        var second = AtelierProcess.Run(command).Succeeded();

        Assert.Equal("stopped", first.Succeeded().Json[^1].GetProperty("end").GetString());
        Assert.Contains("resumed from", second.Text, StringComparison.Ordinal);
        double after = first.Json[^1].GetProperty("kimg").GetDouble(), later = second.Json[^1].GetProperty("kimg").GetDouble();
        Assert.True(after > 0 && later > after, $"{after} kimg, then {later}");
        Assert.True(File.Exists(_folder[Path.Combine("run", "reals.png")]));
        // A fast processor passes scheduled ones too.
        Assert.Superset(new HashSet<double> { after, later }, FinishedRun.Snapshots(_folder["run"]).Keys.ToHashSet());
        var events = File.ReadAllLines(_folder[Path.Combine("run", "events.jsonl")]);
        Assert.Equal(events.Distinct(), events);
    }

    public void Dispose() => _folder.Dispose();
}
