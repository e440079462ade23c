using Atelier.Core.Schedules;
using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Schedules;

public sealed class NetworkStageTests
{
    // 8×8 to 64×64: a level trains for 100 images, and the next one fades in over 50.
    private static readonly GrowthSchedule Growth = new(First: 1, Last: 4, StableImages: 100, FadeImages: 50);

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(100, 1, 1)]
    [InlineData(101, 2, .02)]
    [InlineData(149, 2, .98)]
    [InlineData(150, 2, 1)]
    [InlineData(250, 2, 1)]
    [InlineData(275, 3, .5)]
    [InlineData(425, 4, .5)]
    [InlineData(450, 4, 1)]
    [InlineData(1_000_000, 4, 1)]
    public void At_ImageCount_IsAPureFunctionOfIt(long images, int level, double fade) =>
        Assert.Equal((level, fade), Growth.At(new(images)));

    [Theory]
    [InlineData(50)]
    [InlineData(0)]
    public void NextLevel_AnyImage_IsWhereTheLevelChanges(int fade)
    {
        var growth = Growth with { FadeImages = fade };
        for (int images = 0; images < 600; images++)
        {
            int level = growth.At(new(images)).Level;
            var changes = Enumerable.Range(images, 1000).Where(later => growth.At(new(later)).Level != level).Select(later => (long?)later).FirstOrDefault();
            Assert.Equal(changes, growth.NextLevel(new(images))?.Images);
        }
    }

    [Fact]
    public void Minibatches_OfEveryLevel_AddUpAsTheLoopShowsThem()
    {
        var schedule = new MinibatchSchedule(4, Growth, [32, 24, 16, 8, 4]);
        for (long start = 0; start < 300; start += 8)
        {
            var shown = new ImageCount(start);
            for (int iteration = 0; iteration < 60; iteration++)
            {
                Assert.Equal(shown, schedule.After(new(start), iteration));
                Assert.Equal(iteration, schedule.IterationsTo(new(start), shown));
                if (iteration > 0)
                    Assert.Equal(iteration, schedule.IterationsTo(new(start), new(shown.Images - 1)));
                shown = shown.Add(schedule.At(shown));
            }
        }
    }

    [Fact]
    public void Stages_OfPixelInstanceNormalisation_GoFromInstancesToPixels()
    {
        var stages = new RunSpec { Resolution = new(64, 64), Normalisation = Normalisation.Pin, PinKimg = 2 }.Stages;
        Assert.Equal([0, .25, 1, 1], new long[] { 0, 500, 2000, 9000 }.Select(images => stages.At(new(images)).PixelShare));
    }

    [Theory]
    [InlineData("config-a", Normalisation.Instance, 0, null, null)]
    [InlineData("config-b", Normalisation.Demodulation, 0, null, null)]
    [InlineData("config-c", Normalisation.Demodulation, 0, 4, 16)]
    [InlineData("config-d", Normalisation.Demodulation, 2, 4, 16)]
    [InlineData("pin", Normalisation.Pin, 0, null, null)]
    public void Recipes_BeforeStyleGan2_AreTheRowsOfTheTable(string recipe, Normalisation normalisation, double pathWeight, int? generatorInterval, int? discriminatorInterval)
    {
        var spec = SpecResolver.Resolve(Recipes.Named(recipe), [], new DatasetFacts(1024, 1024, 0, 70_000), gpus: 1).Spec;
        Assert.Equal((normalisation, pathWeight, generatorInterval, discriminatorInterval), (spec.Normalisation, spec.PlWeight, spec.GRegEvery, spec.DRegEvery));
        Assert.True(spec.Growing);
        // 8×8 begins with 256 images and .001; 1024×1024 ends with 32 and .003, eight shards throughout.
        Assert.Equal([256, 128, 64, 32, 32, 32, 32, 32], Enumerable.Range(1, 8).Select(spec.BatchAt));
        Assert.Equal([32, 16, 8, 4, 4, 4, 4, 4], Enumerable.Range(1, 8).Select(spec.ShardAt));
        double c = spec.DLazy.Ratio;
        Assert.Equal([.001 * c, .001 * c, .001 * c, .001 * c, .0015 * c, .002 * c, .003 * c, .003 * c], Enumerable.Range(1, 8).Select(level => spec.AdamAt(TrainedNetwork.Discriminator, level).LearningRate));
    }

    [Theory]
    [InlineData("normalisation=instance", "set g-arch to orig")]
    [InlineData("level-batch=8:64", "set growing to true")]
    [InlineData("growing=true", "set both to orig")]
    [InlineData("growing=true,g-arch=orig,d-arch=orig,growing-start=12", "set it to one of 4, 8, 16, 32, 64, 128, 256")]
    [InlineData("growing=true,g-arch=orig,d-arch=orig,level-batch=8:100", "set it to a multiple of 8")]
    [InlineData("growing=true,g-arch=orig,d-arch=orig,level-batch=8:24", "set it to a multiple of 32")]
    [InlineData("growing=true,g-arch=orig,d-arch=orig,freeze-d=2", "set freeze-d to 0")]
    public void Problems_OfGrowingAndNormalisation_SayWhatToSet(string set, string advice)
    {
        var spec = set.Split(',').Select(SpecAssignment.Parse).Aggregate(new RunSpec { Resolution = new(256, 256) }, (made, assignment) => assignment.ApplyTo(made));
        Assert.Contains(SpecValidation.Problems(spec), problem => problem.Contains(advice, StringComparison.Ordinal));
    }
}
