using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Planning;

namespace Atelier.Training.Tests.Planning;

public class TrainingPlanTests
{
    /// <summary>The table that StyleGAN2 was published with: V100, float32, the whole minibatch of 32 on 1 to 8 devices.</summary>
    [Theory]
    [InlineData("config-f", 1024, 1, 69 + (23 / 24.0))]
    [InlineData("config-f", 1024, 2, 36 + (4 / 24.0))]
    [InlineData("config-f", 1024, 4, 18 + (14 / 24.0))]
    [InlineData("config-f", 1024, 8, 9 + (18 / 24.0))]
    [InlineData("config-e", 1024, 1, 35 + (11 / 24.0))]
    [InlineData("config-e", 1024, 8, 5 + (6 / 24.0))]
    [InlineData("config-f", 256, 1, 32 + (13 / 24.0))]
    [InlineData("config-f", 256, 8, 4 + (18 / 24.0))]
    public void Time_OfThePublishedRuns_IsThePublishedTimeWithinAFifth(string recipe, int resolution, int devices, double days) =>
        Assert.InRange(Plan(recipe, resolution, devices).Time.TotalDays / days, 0.8, 1.2);

    [Theory]
    [InlineData("config-f", 1024, 13.3)]
    [InlineData("config-e", 1024, 8.6)]
    [InlineData("config-f", 256, 6.4)]
    public void Memory_OfThePublishedRuns_IsThePublishedMemoryWithinAFifth(string recipe, int resolution, double gigabytes) =>
        Assert.InRange(Plan(recipe, resolution, 8).MemoryBytes / 1e9 / gigabytes, 0.8, 1.2);

    [Fact]
    public void Of_OneDevice_SendsNothing() => Assert.Equal(0, Plan("config-f", 256, 1).SentBytes);

    /// <summary>Whoever has the most shards is waited for: 5 devices take as long for 8 shards as 4 do.</summary>
    [Fact]
    public void Of_DevicesThatDoNotDivideTheShards_AreNoFasterThanThoseThatDo() =>
        Assert.InRange(Plan("config-f", 256, 5).Time / Plan("config-f", 256, 4).Time, 1, 1.1);

    [Fact]
    public void Of_MoreDevicesThanShards_IsRefused() =>
        Assert.Contains("8 shards", Assert.Throws<UserErrorException>(() => Plan("config-f", 256, 9)).Message, StringComparison.Ordinal);

    [Fact]
    public void Measured_AtTheReferencesRate_IsTheReference()
    {
        var v100 = DeviceProfile.Named("v100");
        var step = new PassCost(2e12, 17e9);
        Assert.Equal(v100.FlopsPerSecond, DeviceProfile.Measured("this", step, 1 / v100.SecondsFor(step), 1).FlopsPerSecond, 1e-6 * v100.FlopsPerSecond);
    }

    private static TrainingPlan Plan(string recipe, int resolution, int devices) => TrainingPlan.Of(
        SpecResolver.Resolve(Recipes.Named(recipe), [SpecAssignment.For("resolution", $"{resolution}"), SpecAssignment.For("kimg", "25000")], null, devices).Spec,
        DeviceProfile.Named("v100"), devices, 12.5e9);
}
