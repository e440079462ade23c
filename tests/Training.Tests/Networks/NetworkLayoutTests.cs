using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Networks;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Networks;

public sealed class NetworkLayoutTests
{
    [Fact]
    public void LayoutOf_Generator_HasThePublishedNames()
    {
        var layout = SmallModel.Config(64, 64).GeneratorLayout;

        Assert.Equal([16, 16], layout["mapping.fc0.weight"].Shape);
        Assert.Equal([4, 16], layout["synthesis.b64.conv0.affine.weight"].Shape);
        Assert.Equal([64, 64], layout["synthesis.b64.conv1.noise_const"].Shape);
        Assert.Equal([], layout["synthesis.b64.conv1.noise_strength"].Shape);
        Assert.Contains("synthesis.b64.conv0.resample_filter", layout.FilterNames);
        Assert.False(layout["mapping.w_avg"].IsParameter);
    }

    [Fact]
    public void LayoutOf_AnyNetwork_TensorsAreAlignedAndDoNotOverlap()
    {
        var layout = SmallModel.Config().GeneratorLayout;

        Assert.All(layout.Entries, entry => Assert.Equal(0, entry.Offset % NetworkLayout.Alignment));
        Assert.All(layout.Entries.Zip(layout.Entries.Skip(1)), pair => Assert.True(pair.First.Offset + pair.First.Count <= pair.Second.Offset));
        Assert.All(layout.Entries, entry => Assert.Equal(entry.IsParameter, entry.Offset < layout.ParameterLength));
    }

    [Theory]
    [InlineData(4, 4, 0)]
    [InlineData(1024, 1024, 8)]
    [InlineData(512, 384, 7)]
    [InlineData(384, 512, 7)]
    public void ImageShape_WorkableSize_IsAStartBlockDoubled(int width, int height, int doublings)
    {
        var shape = new ImageShape(width, height);

        Assert.Equal(doublings, shape.Doublings);
        Assert.Equal((width >> doublings, height >> doublings), shape.Level(0));
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(3, 3)]
    [InlineData(37, 64)]
    public void ImageShape_UnworkableSize_NamesIt(int width, int height)
    {
        var error = Assert.Throws<UserErrorException>(() => new ImageShape(width, height));

        Assert.Contains($"{width}×{height}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 4, NetworkArchitecture.Skip)]
    [InlineData(4, 4, NetworkArchitecture.Resnet)]
    [InlineData(32, 24, NetworkArchitecture.Skip)]
    [InlineData(24, 32, NetworkArchitecture.Orig)]
    public void Synthesize_AnyShape_GivesImagesThatTheDiscriminatorReads(int width, int height, NetworkArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(SmallModel.Config(width, height, architecture));
        var generator = new Generator(new NetworkViews(state.Model.GeneratorLayout, state.Generator), state.Model.Generator);
        var discriminator = new Discriminator(new NetworkViews(state.Model.DiscriminatorLayout, state.Discriminator), state.Model.Discriminator);

        var image = generator.Synthesize(generator.Broadcast(generator.Map(ones([2, 16], ScalarType.Float32), null)), NoiseInput.Constant);

        Assert.Equal([2, 3, height, width], image.shape);
        Assert.Equal([2, 1], discriminator.Forward(image, null).shape);
    }

    [Fact]
    public void Truncate_PsiZero_GivesTheMeanStyleUpToTheCutoff()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(SmallModel.Config());
        var generator = new Generator(new NetworkViews(state.Model.GeneratorLayout, state.Generator), state.Model.Generator);
        generator.MeanStyle.fill_(0.25);
        var styles = generator.Broadcast(ones([1, 16], ScalarType.Float32));

        var truncated = generator.Truncate(styles, 0, cutoff: 2);

        Assert.Equal(0.25f, truncated[0, 1, 0].item<float>());
        Assert.Equal(1f, truncated[0, 2, 0].item<float>());
    }
}
