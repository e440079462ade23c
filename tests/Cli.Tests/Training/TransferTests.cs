using Atelier.Storage.Safetensors;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Runs that start from the networks of another.</summary>
public sealed class TransferTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_Init_BeginsWithTheFilesPictures()
    {
        AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], TinyRun.Batch, "--init", finished.Export)).Succeeded();

        // The grid of a run shows the same latents at its start and at its end.
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(finished.Path, "samples/fakes000000.096.png")),
            File.ReadAllBytes(Path.Combine(_folder["run"], "fakes_init.png")));
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(finished.Path, "fakes_init.png")),
            File.ReadAllBytes(Path.Combine(_folder["run"], "fakes_init.png")));
    }

    [Fact]
    public void Train_InitWithAllAndFreezeD_KeepsTheFirstLayersOfTheFilesDiscriminator()
    {
        AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], 2 * TinyRun.Batch, "--init", finished.ExportOfAll, "--freeze-d", "2")).Succeeded();
        AtelierProcess.Run("export", _folder["run"], "--all", "--out", _folder["all.safetensors"]).Succeeded();

        using var before = SafetensorsReader.Open(finished.ExportOfAll);
        using var after = SafetensorsReader.Open(_folder["all.safetensors"]);
        var same = before.Entries
            .Where(entry => entry.Name.StartsWith("D.", StringComparison.Ordinal) && !entry.Name.EndsWith("resample_filter", StringComparison.Ordinal))
            .Where(entry => before.ReadBytes(entry).AsSpan().SequenceEqual(after.ReadBytes(after[entry.Name])))
            .Select(entry => entry.Name);
        Assert.Equal(["D.b8.conv0.bias", "D.b8.conv0.weight", "D.b8.fromrgb.bias", "D.b8.fromrgb.weight"], same.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Train_InitForAnExistingRun_Refused()
    {
        Complaint.IsOf(
            AtelierProcess.Run(TinyRun.Train(finished.Data, finished.Path, FinishedRun.Images, "--init", finished.Export)),
            "--init", finished.Path, "--out");
    }

    public void Dispose() => _folder.Dispose();
}
