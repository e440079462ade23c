using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class SpecResolverTests
{
    private static readonly DatasetFacts Data = new(64, 64, 10, 500, "abc");

    private static ResolvedSpec Resolve(string recipe, DatasetFacts? data, params string[] sets) =>
        SpecResolver.Resolve(Recipes.Named(recipe), sets.Select(SpecAssignment.Parse), data, 1);

    private static SpecProvenance Origin(ResolvedSpec spec, string key) => spec.Provenance[SpecKeys.Find(key)];

    [Fact]
    public void Resolve_Layers_TheLastWins()
    {
        var resolved = Resolve("config-f", Data, "gamma=1", "gamma=5");
        Assert.Equal(5, resolved.Spec.Gamma);
        Assert.Equal(SpecProvenance.Override, Origin(resolved, "gamma"));
        Assert.Equal(SpecProvenance.Recipe, Origin(resolved, "batch"));
        Assert.Equal(SpecProvenance.Default, Origin(resolved, "beta2"));
        Assert.Equal(SpecProvenance.Data, Origin(resolved, "resolution"));
        Assert.Equal(SpecProvenance.Computed, Origin(Resolve("auto", Data), "gamma"));
        Assert.Equal(SpecProvenance.Recipe, Origin(Resolve("auto", Data), "mapping-layers"));
    }

    [Fact]
    public void Resolve_Data_GivesSizeLabelsAndCount()
    {
        var spec = Resolve("config-f", Data, "labels=true").Spec;
        Assert.Equal((new Resolution(64, 64), 10, 500, "abc"), (spec.Resolution, spec.LabelDim, spec.DataImages, spec.DataDigest));
        Assert.Equal(0, Resolve("config-f", Data).Spec.LabelDim);
    }

    [Fact]
    public void Resolve_SizeOfRecipeIsNotThatOfTheImages_NamesBothAndTheWaysOut()
    {
        var error = Assert.Throws<UserErrorException>(() => Resolve("demo", Data));
        Assert.Equal("resolution is 32, but the images are 64 (width x height); pass --set resize=fit to crop and resize them, or --set resolution=auto to use their size.", error.Message);
        Assert.Equal(32, Resolve("demo", Data, "resize=fit").Spec.Resolution.Width);
        Assert.Equal(64, Resolve("demo", Data, "resolution=auto").Spec.Resolution.Width);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("config-f")]
    public void Resolve_ImagesOfAnImpossibleSize_SaysWhatToPass(string recipe)
    {
        var error = Assert.Throws<UserErrorException>(() => Resolve(recipe, new(100, 100, 0, 5)));
        Assert.Contains("Pass --set resolution=64 --set resize=fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_NoDataNoResolution_AsksForIt()
    {
        var error = Assert.Throws<UserErrorException>(() => Resolve("auto", null));
        Assert.Contains("set resolution", error.Message, StringComparison.Ordinal);
        Assert.Equal(128, Resolve("auto", null, "resolution=128").Spec.Resolution.Width);
    }

    [Fact]
    public void Resolve_BatchOfAutoGiven_EntersTheFormulas()
    {
        var spec = SpecResolver.Resolve(Recipes.Named("auto"), [SpecAssignment.Parse("batch=24")], Data, 2).Spec;
        Assert.Equal((24, 3, 3, 7.5), (spec.Batch, spec.Shard, spec.MbstdGroup, spec.EmaKimg));
        Assert.Equal(2e-4 * 64 * 64 / 24, spec.Gamma);
    }

    [Theory]
    [InlineData("shard=16", 2)]
    [InlineData("shard=8", 1)]
    [InlineData("shard=4", 1)]
    public void Resolve_ThreadsNotGiven_FollowTheNumberOfShards(string set, int threads)
    {
        var resolved = Resolve("demo", Data, "resolution=auto", set);
        Assert.Equal(threads, resolved.Spec.Threads);
        Assert.Equal(3, Resolve("demo", Data, "resolution=auto", set, "threads=3").Spec.Threads);
        Assert.Equal(1, Resolve("demo", Data, "resolution=auto", set, "threads=1").Spec.Threads);
    }

    [Fact]
    public void Resume_NothingSaid_ChangesNothing()
    {
        var stored = Resolve("auto", Data, "gamma=3", "threads=2").Spec;
        Assert.Equal(stored, SpecResolver.Resume(stored, null, [], Data).Spec);
        Assert.Equal(stored, SpecResolver.Resume(stored, Recipes.Named("auto"), [], Data).Spec);
        var longer = SpecResolver.Resume(stored, null, [SpecAssignment.Parse("kimg=30000")], Data);
        Assert.Equal(stored with { Kimg = 30000 }, longer.Spec);
        Assert.Equal((SpecProvenance.Override, SpecProvenance.Stored), (Origin(longer, "kimg"), Origin(longer, "gamma")));
    }

    [Fact]
    public void Resume_AnotherRecipe_Applies()
    {
        var stored = Resolve("config-f", Data, "gamma=3").Spec;
        var spec = SpecResolver.Resume(stored, Recipes.Named("config-e"), [], Data).Spec;
        Assert.Equal((16384, 10, "config-e"), (spec.ChannelBase, spec.Gamma, spec.Recipe));
    }

    [Fact]
    public void Resume_FileWithAnEditedValue_Applies()
    {
        RunSpec Stored(string json) => SpecResolver.Resolve(Recipe.Parse("my.json", json), [], Data, 1).Spec;
        var stored = Stored("""{ "gamma": 3 }""");
        Assert.Equal(4, SpecResolver.Resume(stored, Recipe.Parse("my.json", """{ "gamma": 4 }"""), [], Data).Spec.Gamma);
    }

    [Fact]
    public void Entries_DryRun_ListsEveryKeyOnce() =>
        Assert.Equal(SpecKeys.All, Resolve("config-f", Data).Entries.Select(entry => entry.Key));
}
