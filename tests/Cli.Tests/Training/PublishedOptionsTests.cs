using System.Text.Json;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Command lines of the published trainers, and what <c>auto</c> makes of workers.</summary>
public sealed class PublishedOptionsTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_WithPublishedOptions_SetsOurKeys()
    {
        var spec = Spec("--cfg", "stylegan2", "--gamma", "0.5", "--batch", "16", "--snap", "10", "--metrics", "none", "--aug", "ada", "--target", "0.7", "--mirror=1", "--cond=0", "--resume", "noresume");

        Assert.Equal(("config-f", 0.5, 16, 40, 40), (Text(spec, "recipe"), Number(spec, "gamma"), Number(spec, "batch"), Number(spec, "snapshot-kimg"), Number(spec, "image-kimg")));
        Assert.Equal(("ada", 0.7), (Text(spec, "aug"), Number(spec, "ada-target")));
        Assert.True(spec.GetProperty("mirror").GetBoolean());
        Assert.False(spec.GetProperty("labels").GetBoolean());
        Assert.True(Spec("--mirror", "--aug", "noaug", "--tick", "2", "--snap", "3").GetProperty("mirror").GetBoolean());
    }

    [Theory]
    [InlineData("--outdir x", "--out DIR")]
    [InlineData("--freezed 3", "--freeze-d N")]
    [InlineData("--cbase=100", "channel-base")]
    [InlineData("--cfg stylegan3-t", "not StyleGAN3")]
    [InlineData("--resume ffhq256", "import", "--init")]
    [InlineData("--mirror=perhaps", "--mirror", "perhaps")]
    [InlineData("--gama 3", "`--gama`", "`--gamma`")]
    public void Train_WithOptionsThatItDoesNotTake_SaysOurs(string options, params string[] parts) =>
        Complaint.IsOf(AtelierProcess.Run(["train", "--data", finished.Data, "--out", _folder["run"], .. options.Split(' ')]), parts);

    [Fact]
    public void Train_Auto_DoesNotDependOnWorkers()
    {
        Assert.Equal(Spec("--workers", "1").ToString(), Spec("--workers", "8").ToString());
        Assert.Equal(1, Number(Spec("--workers", "2"), "gpus"));
        Assert.Equal(64, Number(Spec("--gpus", "8"), "batch"));
    }

    [Fact]
    public void Train_OnAnotherDataset_IsRefusedUnlessAccepted()
    {
        finished.CopyTo(_folder["run"]);
        TestImages.WriteFolder(_folder["other"], 12, TinyRun.Side);
        string[] command = TinyRun.Train(_folder["other"], _folder["run"], FinishedRun.Images + TinyRun.Batch);

        Complaint.IsOf(AtelierProcess.Run(command), "this run uses a different dataset", "20 images", "12", "new --out", "--accept-new-data");

        Assert.Contains("branch 1 began", AtelierProcess.Run([.. command, "--accept-new-data"]).Succeeded().Text, StringComparison.Ordinal);
    }

    private JsonElement Spec(params string[] options)
    {
        string json = AtelierProcess.Run(["train", "--data", finished.Data, "--out", _folder["run"], "--dry-run", "--json", .. options]).Succeeded().Text;
        return JsonDocument.Parse(json).RootElement;
    }

    private static string Text(JsonElement spec, string key) => spec.GetProperty(key).GetString()!;

    private static double Number(JsonElement spec, string key) => spec.GetProperty(key).GetDouble();
}
