using Atelier.Core.Specs;
using Atelier.Training.Networks;
using Atelier.Training.Step;

namespace Atelier.Training.Tests.Networks;

/// <summary>What the validation of a spec promises of the networks, over specs drawn at random from small values.</summary>
public sealed class SpecNetworksTests
{
    private const int Specs = 2000;

    private static readonly int[] Sides = [4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 52, 64, 96, 128, 192, 256, 384];

    [Fact]
    public void ToModel_ValidSpecs_GiveLayersWithChannelsThatFit()
    {
        var random = new Random(7);
        int valid = 0;
        for (int i = 0; i < Specs; i++)
        {
            var spec = Draw(random);
            if (SpecValidation.Problems(spec).Any()) continue;
            valid++;
            var model = spec.ToModel();
            foreach (var layout in new[] { Generator.LayoutOf(model.Generator), Discriminator.LayoutOf(model.Discriminator) })
                Assert.All(layout.Entries, entry => Assert.All(entry.Shape, size => Assert.True(size > 0, $"{entry.Name} of {spec}")));
            if (spec.MbstdChannels > 0)
                Assert.Equal((0, 0), (model.Discriminator.Channels(model.Discriminator.Shape.Resolution(0)) % spec.MbstdChannels, spec.Shard % spec.MbstdGroup));
        }
        Assert.True(valid > Specs / 20, $"{valid} of {Specs} specs were valid");
    }

    [Theory]
    [InlineData(NetworkArchitecture.Orig, 4)]
    [InlineData(NetworkArchitecture.Orig, 64)]
    [InlineData(NetworkArchitecture.Skip, 64)]
    [InlineData(NetworkArchitecture.Resnet, 96)]
    public void FreezableLayers_AnyArchitecture_AreThoseThatTheDiscriminatorCanKeep(NetworkArchitecture architecture, int side)
    {
        var spec = new RunSpec { Resolution = new(side, side), DArch = architecture };
        var frozen = Discriminator.LayoutOf(spec.ToModel().Discriminator with { FrozenLayers = int.MaxValue }).Entries
            .Where(entry => entry is { IsParameter: true, Trainable: false })
            .Select(entry => entry.Name[..entry.Name.LastIndexOf('.')]).Distinct();
        Assert.Equal(frozen.Count(), spec.FreezableLayers);
    }

    private static RunSpec Draw(Random random)
    {
        T OneOf<T>(params T[] values) => values[random.Next(values.Length)];
        return new()
        {
            Resolution = new(OneOf(Sides), OneOf(Sides)),
            ChannelBase = random.Next(1, 2000),
            ChannelMax = random.Next(1, 40),
            MbstdChannels = random.Next(0, 4),
            MbstdGroup = random.Next(1, 5),
            Batch = OneOf(4, 8, 12),
            Shard = OneOf(1, 2, 4),
            FreezeD = OneOf(0, 0, 5, 15),
            LabelDim = OneOf(0, 3),
            ZDim = random.Next(1, 9),
            WDim = random.Next(1, 9),
            MappingLayers = random.Next(1, 4),
            GArch = OneOf(Enum.GetValues<NetworkArchitecture>()),
            DArch = OneOf(Enum.GetValues<NetworkArchitecture>()),
        };
    }
}
