using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>The list of a run's snapshots.</summary>
public sealed class SnapshotsTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Snapshots_OfARun_OldestFirstWithTheLastStateAtTheEnd()
    {
        var list = FinishedRun.Snapshots(finished.Path);

        Assert.Equal(list.Keys.Order(), list.Keys);
        Assert.Equal(finished.StateSha256, list.Values.Last());
    }

    [Fact]
    public void Snapshots_OfAFolderThatIsNoRun_SaysSo()
    {
        Directory.CreateDirectory(_folder["photos"]);

        Complaint.IsOf(AtelierProcess.Run("snapshots", _folder["photos"]), _folder["photos"], "run.json");
    }

    [Fact]
    public void Snapshots_OfARunThatHasNone_AnEmptyListAndAWordOnIt()
    {
        Directory.CreateDirectory(_folder["run"]);
        File.Copy(Path.Combine(finished.Path, "run.json"), Path.Combine(_folder["run"], "run.json"));

        var result = AtelierProcess.Run("snapshots", _folder["run"], "--json").Succeeded();

        Assert.Equal("[]", Assert.Single(result.Output));
        Assert.Contains("no snapshot", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
