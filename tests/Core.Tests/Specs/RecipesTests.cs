using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class RecipesTests
{
    private static RunSpec Resolve(string recipe, int side, int gpus = 1) =>
        SpecResolver.Resolve(Recipes.Named(recipe), [], new(side, side, 0, 1000), gpus).Spec;

    [Fact]
    public void Names_Shipped_AreThese() =>
        Assert.Equal(["auto", "cifar", "config-a", "config-b", "config-c", "config-d", "config-e", "config-f", "demo", "demo64", "ffhq1024", "ffhq256", "lsun-car", "lsun-cat", "lsun-church", "lsun-horse", "paper1024", "paper256", "paper512", "pin"], Recipes.Names);

    /// <summary>The table of the design, §9.</summary>
    [Theory]
    [InlineData("config-f", 256, 32, 4, 4, 32768, .002, 10, 10, null, 8)]
    [InlineData("stylegan2", 1024, 32, 4, 4, 32768, .002, 10, 10, null, 8)]
    [InlineData("config-e", 128, 32, 4, 4, 16384, .002, 10, 10, null, 8)]
    [InlineData("paper256", 256, 64, 8, 8, 16384, .0025, 1, 20, null, 8)]
    [InlineData("paper512", 512, 64, 8, 8, 32768, .0025, .5, 20, null, 8)]
    [InlineData("paper1024", 1024, 32, 4, 4, 32768, .002, 2, 10, null, 8)]
    [InlineData("cifar", 32, 64, 32, 32, 32768, .0025, .01, 500, .05, 2)]
    [InlineData("demo", 32, 16, 8, 4, 1024, .004, 1, 10, .05, 2)]
    [InlineData("demo64", 64, 16, 8, 4, 2048, .004, 1, 10, .05, 2)]
    public void Named_Recipe_HasTheNumbersOfTheTable(
        string name, int side, int batch, int shard, int group, int channelBase, double lr, double gamma, double ema, double? ramp, int layers)
    {
        var spec = Resolve(name, side);
        Assert.Equal(
            (batch, shard, group, channelBase, lr, gamma, ema, ramp, layers),
            (spec.Batch, spec.Shard, spec.MbstdGroup, spec.ChannelBase, spec.Lr, spec.Gamma, spec.EmaKimg, spec.EmaRampup, spec.MappingLayers));
        Assert.Equal(name == "stylegan2" ? "config-f" : name, spec.Recipe);
    }

    /// <summary>Karras et al. 2020, tables 1 and 3, and the published commands.</summary>
    [Theory]
    [InlineData("ffhq1024", "1024", 25000, 10, true, 32768, 32)]
    [InlineData("ffhq256", "256", 25000, 1, true, 16384, 64)]
    [InlineData("lsun-car", "512x384", 57000, 10, false, 32768, 32)]
    [InlineData("lsun-cat", "256", 88000, 10, false, 32768, 32)]
    [InlineData("lsun-church", "256", 48000, 100, false, 32768, 32)]
    [InlineData("lsun-horse", "256", 100000, 100, false, 32768, 32)]
    [InlineData("cifar", "32", 100000, .01, false, 32768, 64)]
    public void Named_RecipeOfADataset_HasThePublishedTotals(string name, string resolution, double kimg, double gamma, bool mirror, int channelBase, int batch)
    {
        var spec = SpecResolver.Resolve(Recipes.Named(name), [], null, 8).Spec;
        Assert.Equal((resolution, kimg, gamma, mirror, channelBase, batch), (spec.Resolution.ToString(), spec.Kimg, spec.Gamma, spec.Mirror, spec.ChannelBase, spec.Batch));
    }

    [Theory]
    [InlineData(32, 1, 32, 4, 4, 16384, .0025, 2e-4 * 32 * 32 / 32, 10)]
    [InlineData(256, 1, 32, 4, 4, 16384, .0025, 2e-4 * 256 * 256 / 32, 10)]
    [InlineData(256, 8, 64, 8, 4, 16384, .0025, 2e-4 * 256 * 256 / 64, 20)]
    [InlineData(512, 2, 32, 4, 4, 32768, .0025, 2e-4 * 512 * 512 / 32, 10)]
    [InlineData(1024, 8, 32, 4, 4, 32768, .002, 2e-4 * 1024 * 1024 / 32, 10)]
    [InlineData(32, 64, 64, 1, 1, 16384, .0025, 2e-4 * 32 * 32 / 64, 20)]
    public void Auto_ResolutionAndDevices_ComputesThePublishedNumbers(
        int side, int gpus, int batch, int shard, int group, int channelBase, double lr, double gamma, double ema)
    {
        var spec = SpecResolver.Resolve(Recipes.Named("auto"), [], new(side, side, 0, 1000), gpus).Spec;
        Assert.Equal(
            (batch, shard, group, channelBase, lr, gamma, ema, gpus),
            (spec.Batch, spec.Shard, spec.MbstdGroup, spec.ChannelBase, spec.Lr, spec.Gamma, spec.EmaKimg, spec.Gpus));
        Assert.Equal((.05, 2), (spec.EmaRampup, spec.MappingLayers));
    }

    [Fact]
    public void Auto_AnyDevicesAndSize_LeavesAShardToEightWorkersAndToEachDevice()
    {
        for (var gpus = 1; gpus <= 70; gpus++)
        {
            for (var side = 8; side <= 8192; side *= 2)
            {
                var spec = SpecResolver.Resolve(Recipes.Named("auto"), [], new(side, side, 0, 10), gpus).Spec;
                Assert.True(spec.Shards >= Math.Max(8, gpus), $"{gpus} devices at {side}: {spec.Shards} shards");
                Assert.True(gpus > 16 || spec.MbstdGroup >= 3, $"{gpus} devices at {side}: groups of {spec.MbstdGroup}");
            }
        }
    }

    [Theory]
    [InlineData(8, 2, 2)]
    [InlineData(13, 13, 1)]
    [InlineData(24, 3, 3)]
    [InlineData(40, 4, 4)]
    [InlineData(128, 16, 4)]
    public void Auto_GivenABatch_CutsItIntoEightShardsWhereItCan(int batch, int shard, int group)
    {
        var spec = SpecResolver.Resolve(Recipes.Named("auto"), [SpecAssignment.For("batch", $"{batch}")], new(64, 64, 0, 10), 1).Spec;
        Assert.Equal((batch, shard, group), (spec.Batch, spec.Shard, spec.MbstdGroup));
    }

    [Fact]
    public void Cifar_Recipe_HasNoPathLengthNoMixingAPlainDiscriminatorAndItsLength()
    {
        var spec = Resolve("cifar", 32);
        Assert.Equal((0, 0, NetworkArchitecture.Orig, 100_000), (spec.PlWeight, spec.StyleMixing, spec.DArch, spec.Kimg));
    }

    [Fact]
    public void Demo64_StartsFromDemo()
    {
        var spec = Resolve("demo64", 64);
        Assert.Equal((64, 128, 128, true, 0), (spec.ChannelMax, spec.ZDim, spec.WDim, spec.Mirror, spec.PlWeight));
    }

    [Fact]
    public void Named_Unknown_ListsNamesAndTheNearest()
    {
        var error = Assert.Throws<UserErrorException>(() => Recipes.Named("papper256"));
        Assert.StartsWith("there is no recipe `papper256`. Did you mean `paper256`? Recipes: auto, cifar,", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_UnknownKey_NamesFileAndNearest()
    {
        var error = Assert.Throws<UserErrorException>(() => Recipe.Parse("mine.json", """{ "shards": 4 }"""));
        Assert.Equal("mine.json: there is no key `shards`. Did you mean `shard`?", error.Message);
    }

    [Fact]
    public void Parse_StartingFromUnknownOrItself_IsAMistake()
    {
        DatasetFacts data = new(32, 32, 0, 10);
        Assert.Throws<UserErrorException>(() => SpecResolver.Resolve(Recipe.Parse("a", """{ "recipe": "dmeo" }"""), [], data, 1));
        var self = new Recipe { Name = "demo", Base = "demo", Values = [] };
        Assert.Contains("on itself", Assert.Throws<UserErrorException>(() => SpecResolver.Resolve(self, [], data, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SpecOfARun_IsARecipeForOtherData()
    {
        var run = Resolve("demo", 32) with { DataImages = 5, Gamma = 7 };
        var again = SpecResolver.Resolve(Recipe.Parse("run.json", RunSpecJson.Write(run)), [], new(32, 32, 0, 99), 1).Spec;
        Assert.Equal(run with { DataImages = 99, Recipe = "run.json" }, again);
    }
}
