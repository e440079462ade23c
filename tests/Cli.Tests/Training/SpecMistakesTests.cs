using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>Specs that cannot be: named, with what to change, and nothing is left behind.</summary>
public sealed class SpecMistakesTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("gama=1", "`gama`", "`gamma`")]
    [InlineData("gamma=much", "`gamma`", "`much`", "a number of at least 0")]
    [InlineData("gamma=-1", "`gamma`", "`-1`")]
    [InlineData("gamma", "`gamma`", "key=value")]
    [InlineData("d-arch=resnett", "d-arch", "resnett", "resnet")]
    [InlineData("shard=3", "shard 3", "batch 8", "1, 2, 4, 8")]
    [InlineData("mbstd-group=3", "shard 2", "mbstd-group 3")]
    [InlineData("resolution=16", "16", "8", "--set resize=fit")]
    [InlineData("labels=true", "dataset.json", "labels=true")]
    [InlineData("freeze-d=99", "freeze-d 99", "4 layers")]
    [InlineData("recipe=cifar", "recipe", "--recipe")]
    public void Train_BadKeyOrValue_NamesItAndWhatItTakes(string assignment, params string[] parts) => Refused(["--set", assignment], parts);

    [Fact]
    public void Train_SeveralValuesThatDoNotFit_OneLineWithAll() =>
        Refused(TinyRun.Set("shard=3", "channel-base=4"), "shard 3", "channel-base 4");

    [Theory]
    [InlineData("--workers", "5", "5", "4 workers or fewer")]
    [InlineData("--workers", "0", "0", "at least 1")]
    [InlineData("--workers", "two", "--workers", "`two`", "whole number")]
    [InlineData("--kimg", "long", "--kimg", "`long`", "a number")]
    [InlineData("--seed", "-1", "--seed", "`-1`")]
    [InlineData("--kimg", "-1", "kimg", "-1")]
    [InlineData("--bad-images", "ignore", "bad-images", "ignore", "skip")]
    [InlineData("--init", "nowhere.safetensors", "nowhere.safetensors")]
    [InlineData("--recipe", "config-g", "`config-g`", "`config-")]
    [InlineData("--recipe", "nowhere.json", "nowhere.json")]
    public void Train_BadOption_NamesItAndWhatItTakes(string option, string value, params string[] parts) => Refused([option, value], parts);

    [Fact]
    public void Train_UnknownKeyInARecipeFile_NamesFileAndNearestKey()
    {
        var recipe = _folder["mine.json"];
        File.WriteAllText(recipe, """{ "recipe": "config-f", "chanel-max": 8 }""");

        Refused(["--recipe", recipe], recipe, "`chanel-max`", "`channel-max`");
    }

    [Fact]
    public void Train_RecipeThatIsNoJson_NamesFileAndLine()
    {
        var recipe = _folder["mine.json"];
        File.WriteAllText(recipe, "{\n  \"gamma\" 1 }");

        Refused(["--recipe", recipe], recipe, "line 2");
    }

    [Fact]
    public void Train_InitOfAnotherShape_NamesTheTensorAndBothShapes() =>
        Refused(["--init", finished.Export, "--set", "w-dim=8"], finished.Export, "[16,", "[8,", "w-dim");

    [Fact]
    public void Train_InitThatIsNoNetwork_IsNamed()
    {
        var file = _folder["file.safetensors"];
        File.WriteAllText(file, "something else altogether");

        Refused(["--init", file], file, "safetensors");
    }

    [Fact]
    public void Train_OutIsAFile_IsNamed()
    {
        File.WriteAllText(_folder["run"], "");

        Complaint.IsOf(AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], TinyRun.Batch)), _folder["run"]);
    }

    [Fact]
    public void Train_ResumeUnderAnotherArchitecture_NamesBothValuesAndChangesNothing()
    {
        var before = Contents(finished.Path);

        var result = AtelierProcess.Run(TinyRun.Train(finished.Data, finished.Path, 2 * FinishedRun.Images, TinyRun.Set("channel-max=16", "d-arch=skip")));

        Complaint.IsOf(result, "channel-max", "16", "8", "d-arch", "skip", "resnet", "output folder");
        Assert.Equal(before, Contents(finished.Path));
    }

    [Fact]
    public void Train_ResumeWithPlainOps_RefusedUntilAccepted()
    {
        finished.CopyTo(_folder["run"]);
        string[] command = TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images, "--kernels", "plain", "--set", "threads=2");

        Complaint.IsOf(AtelierProcess.Run(command), "cpu with plain ops", "threads was 1 and is 2", "--accept-new-numerics");
        Assert.Equal(finished.StateSha256, AtelierProcess.Run([.. command, "--accept-new-numerics"]).Succeeded().StateSha256);
        Assert.Contains("numerics-accepted", File.ReadAllText(_folder[Path.Combine("run", "events.jsonl")]), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_ResumeOfNumericsVersion1_RefusedByNameUntilAccepted()
    {
        finished.CopyTo(_folder["run"]);
        foreach (string manifest in Directory.GetFiles(_folder["run"], "manifest.json", SearchOption.AllDirectories))
            File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"version\": 2,", "\"version\": 1, \"libc\": \"glibc 2.36\",", StringComparison.Ordinal));
        string[] command = TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images);

        Complaint.IsOf(AtelierProcess.Run(command), "numerics version 1", "--accept-new-numerics");
        Assert.Equal(finished.StateSha256, AtelierProcess.Run([.. command, "--accept-new-numerics"]).Succeeded().StateSha256);
    }

    public void Dispose() => _folder.Dispose();

    private static List<(string, DateTime)> Contents(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (file, File.GetLastWriteTimeUtc(file)))];

    private void Refused(string[] options, params string[] parts)
    {
        Complaint.IsOf(AtelierProcess.Run(TinyRun.Train(finished.Data, _folder["run"], TinyRun.Batch, options)), parts);
        Assert.False(Directory.Exists(_folder["run"]));
    }
}
