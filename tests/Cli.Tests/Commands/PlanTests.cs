using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>What a run will take; how good the model is, TrainingPlanTests says.</summary>
public sealed class PlanTests
{
    /// <summary>Recipes of published sizes; the rest takes minutes each on a processor.</summary>
    private static readonly string[] Large = ["ffhq256", "ffhq1024", "lsun-car", "lsun-cat", "lsun-church", "lsun-horse"];

    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    [Fact]
    public void Plan_Json_HasTheFieldsThatScriptsKnow()
    {
        var plan = AtelierProcess.Run("plan", "ffhq1024", "--gpus", "8", "--device", "v100", "--price", "3", "--json").Succeeded().Json.Single();

        Assert.Equal(781_250, plan.GetProperty("iterations").GetInt64());
        Assert.True(plan.GetProperty("fits").GetBoolean());
        Assert.Equal(3 * plan.GetProperty("seconds").GetDouble() / 3600 * 8, plan.GetProperty("cost").GetDouble(), 1.0);
        Assert.NotEmpty(plan.GetProperty("assumptions").EnumerateArray());
    }

    [Fact]
    public void Plan_OfThisMachine_MeasuresIt()
    {
        var plan = AtelierProcess.Run("plan", "demo", "--json").Succeeded().Json.Single();

        Assert.Equal($"{Environment.ProcessorCount}-core machine", plan.GetProperty("device").GetString());
        Assert.True(plan.GetProperty("images_per_second").GetDouble() > 0);
    }

    [Theory]
    [InlineData("--device", "h20", "h200")]
    [InlineData("--gpus", "9", "8 shards")]
    [InlineData("--gpus", "0", "at least 1")]
    [InlineData("--link", "0", "above 0")]
    public void Plan_BadOption_NamesIt(string option, string value, string part)
    {
        string[] device = option == "--device" ? [] : ["--device", "v100"];
        Complaint.IsOf(AtelierProcess.Run(["plan", "ffhq1024", .. device, option, value]), $"{option} {value}", part);
    }

    /// <summary>Each recipe of a dataset starts: an iteration on images of its size, in the smallest minibatch.</summary>
    [Theory]
    [InlineData("cifar", 32)]
    [InlineData("ffhq256", 256)]
    [InlineData("ffhq1024", 1024)]
    [InlineData("lsun-car", 512, 384)]
    [InlineData("lsun-cat", 256)]
    [InlineData("lsun-church", 256)]
    [InlineData("lsun-horse", 256)]
    public void Train_RecipeOfADataset_TakesItsFirstIteration(string recipe, int width, int? height = null)
    {
        Assert.SkipWhen(Large.Contains(recipe) && !Soak, "it takes minutes; ATELIER_SOAK=1 runs it");
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["data"], 2, width, height ?? width);

        using var process = AtelierProcess.Start(
        [
            "train", "--data", folder["data"], "--out", folder["run"], "--recipe", recipe, "--kimg", "0.001", "--json",
            .. TinyRun.Set("batch=1", "shard=1", "mbstd-group=1", "pl-batch-shrink=1", "metrics="),
        ]);

        Assert.Contains(process.WaitForExit(TimeSpan.FromMinutes(30)).Succeeded().Json, line => line.TryGetProperty("tick", out _));
    }
}
