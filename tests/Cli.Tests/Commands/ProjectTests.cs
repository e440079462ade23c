using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Projection and detection from the command line.</summary>
public sealed class ProjectTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Project_KilledAndAgain_SameBitsAsInOneGo()
    {
        string[] Command(string output) => ["project", "--network", finished.Export, "--seeds", "0-1", "--steps", "400", "--out", _folder[output]];
        AtelierProcess.Run(Command("whole")).Succeeded();
        using (var process = AtelierProcess.Start(Command("killed")))
        {
            Assert.True(process.SpinUntil(() => File.Exists(Path.Combine(_folder["killed"], "unfinished.safetensors"))), "it ended before it had saved a state");
            Assert.True(process.Kill());
        }
        var again = AtelierProcess.Run(Command("killed")).Succeeded();

        Assert.All(["seed0000.safetensors", "seed0001.safetensors", "seed0001.png", "seed0001-compared.png"], file =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["whole"], file)), File.ReadAllBytes(Path.Combine(_folder["killed"], file))));
        Assert.Contains("distances: built-in random perceptual net (not LPIPS)", again.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Project_Interrupted_SavesAndSaysHowToGoOn()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored here");
        string[] command = ["project", "--network", finished.Export, "--seeds", "0", "--steps", "1000000", "--out", _folder["stopped"]];
        using var process = AtelierProcess.Start(command);
        Assert.True(process.SpinUntil(() => File.Exists(Path.Combine(_folder["stopped"], "unfinished.safetensors"))));
        process.Signal("INT");
        var result = process.WaitForExit();

        Assert.Equal(130, result.ExitCode);
        Assert.Contains("run the same command again to continue", result.ErrorText, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["stopped"], "unfinished.safetensors")));
    }

    [Fact]
    public void Project_GreyImage_IsTakenAsGrey()
    {
        var grey = _folder["grey.png"];
        File.WriteAllBytes(grey, ImageCodec.EncodeStoredPng(new byte[TinyRun.Side * TinyRun.Side], ImageSize.Square(TinyRun.Side)));
        var result = AtelierProcess.Run("project", grey, "--network", finished.Export, "--steps", "2", "--out", _folder["out"]).Succeeded();

        Assert.Contains("one channel", result.ErrorText, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["out"], "grey.safetensors")));
    }

    [Fact]
    public void Project_Mistakes_AreOneLine()
    {
        var large = _folder["large.png"];
        File.WriteAllBytes(large, ImageCodec.EncodePng(RgbImage.Filled(20, 10, RgbColor.Black)));
        File.WriteAllText(_folder["text.png"], "no image");
        AtelierResult Project(params string[] more) => AtelierProcess.Run(["project", "--network", finished.Export, "--out", _folder["out"], "--steps", "2", .. more]);

        Complaint.IsOf(Project(), "IMAGE", "--seeds");
        Complaint.IsOf(Project(large), "large", "20x10", "8x8", "--resize fit");
        Complaint.IsOf(Project(_folder["text.png"]), "text.png", "not a PNG");
        Complaint.IsOf(Project(_folder["nowhere.png"]), "nowhere.png", "file not found");
        Complaint.IsOf(Project("--seeds", "0", "--class", "1"), "no classes", "--class");
        Complaint.IsOf(Project("--seeds", "0", "--video", "--frames", "1"), "a video needs at least 2 frames");
        Complaint.IsOf(Project("--seeds", "0", "--detectors", _folder["nowhere"]), "--detectors", "no such file");
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void Detect_Interrupted_GoesOnToTheSameValues()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored here");
        string[] Command(string output) => ["detect", "--network", finished.Path, "--data", finished.Data, "--images", "2", "--steps", "200", "--batch", "4", "--out", _folder[output], "--json"];
        using (var process = AtelierProcess.Start(Command("stopped")))
        {
            Assert.True(process.SpinUntil(() => File.Exists(_folder["stopped/projections/unfinished.safetensors"])), process.Printed);
            process.Signal("INT");
            var result = process.WaitForExit();
            Assert.Equal(130, result.ExitCode);
            Assert.Contains("run the same command again to continue", result.ErrorText, StringComparison.Ordinal);
        }

        Assert.Equal(AtelierProcess.Run(Command("whole")).Succeeded().Text, AtelierProcess.Run(Command("stopped")).Succeeded().Text);
    }

    [Fact]
    public void Detect_FewSteps_WritesHistogramAndValues()
    {
        string[] command = ["detect", "--network", finished.Path, "--data", finished.Data, "--images", "3", "--steps", "3", "--batch", "2", "--out", _folder["detect"], "--json"];
        var first = AtelierProcess.Run(command).Succeeded().Json.Single();
        var again = AtelierProcess.Run(command).Succeeded().Json.Single();

        Assert.InRange(first.GetProperty("auc").GetDouble(), 0, 1);
        Assert.Equal((3, 3), (first.GetProperty("generated").GetArrayLength(), first.GetProperty("real").GetArrayLength()));
        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.True(File.Exists(Path.Combine(_folder["detect"], "detection.png")));
        Complaint.IsOf(AtelierProcess.Run("detect", "--network", finished.Path, "--data", finished.Data, "--images", "500", "--out", _folder["x"]), "20 images", "500");
    }

    public void Dispose() => _folder.Dispose();
}
