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

    [Fact]
    public void Snapshots_AsATable_HasDatesSizesMetricsAndTheBest()
    {
        AtelierProcess.Run([.. TinyRun.Train(finished.Data, _folder["run"], 4 * TinyRun.Batch, TinyRun.Set("metrics-every=0.016"))]).Succeeded();

        var table = AtelierProcess.Run("snapshots", _folder["run"]).Succeeded().Output;

        Assert.Matches(@"^snapshot +taken +size +rfd +state$", table[0]);
        Assert.Equal(3, table.Count);
        Assert.All(table.Skip(1), line => Assert.Matches(@"^000000\.0\d\d +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +[\d.,]+ MB +[\d.]+ +(best +)?[0-9a-f]{64}$", line));
        Assert.Single(table, line => line.Contains(" best ", StringComparison.Ordinal));
    }

    [Fact]
    public void Snapshots_WithAFlippedByte_MarksItAndEndsWith3()
    {
        finished.CopyTo(_folder["run"]);
        string slice = Directory.GetFiles(_folder[Path.Combine("run", "snapshots", "000000.048")], "*.safetensors").Single();
        var bytes = File.ReadAllBytes(slice);
        bytes[^1] ^= 1;
        File.WriteAllBytes(slice, bytes);

        var result = AtelierProcess.Run("snapshots", _folder["run"]);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("DAMAGED", Assert.Single(result.Output, line => line.StartsWith("000000.048", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("000000.048 is damaged", Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Equal(3, AtelierProcess.Run("snapshots", _folder["run"], "--json").ExitCode);
    }

    public void Dispose() => _folder.Dispose();
}
