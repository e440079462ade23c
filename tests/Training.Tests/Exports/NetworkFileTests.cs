using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Exports;
using Atelier.Training.Networks;
using Atelier.Training.Tests.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Exports;

public sealed class NetworkFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");

    [Theory]
    [InlineData(NetworkArchitecture.Skip, 0, ExportedNetworks.Average)]
    [InlineData(NetworkArchitecture.Skip, 0, ExportedNetworks.Trained)]
    [InlineData(NetworkArchitecture.Resnet, 3, ExportedNetworks.All)]
    [InlineData(NetworkArchitecture.Orig, 0, ExportedNetworks.All)]
    public void LoadGenerator_SavedState_MakesTheSameImage(NetworkArchitecture architecture, int labels, ExportedNetworks networks)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var state = SmallModel.State(SmallModel.Config(32, 24, architecture, labels));
        state.Generator.mul_(1.5);
        NetworkFile.Save(_path, state, networks);

        using var loaded = NetworkFile.LoadGenerator(_path, ScalarType.Float32, CPU);

        var values = networks == ExportedNetworks.Trained ? state.Generator : state.GeneratorAverage;
        var original = new Generator(new NetworkViews(state.Model.GeneratorLayout, values), state.Model.Generator);
        Assert.Equal(state.Model.Generator.Architecture, loaded.Network.Config.Architecture);
        Assert.True(Image(original).eq(Image(loaded.Network)).all().item<bool>());
    }

    [Fact]
    public void Initialise_AllNetworks_TakesThemAll()
    {
        using var state = SmallModel.State(SmallModel.Config());
        NetworkFile.Save(_path, state, ExportedNetworks.All);
        using var fresh = new Training.Step.TrajectoryState(state.Model, ScalarType.Float32, CPU);

        var taken = NetworkFile.Initialise(fresh, _path);

        Assert.Equal(["G_ema", "G", "D"], taken);
        Assert.True(fresh.Discriminator.eq(state.Discriminator).all().item<bool>());
        Assert.True(fresh.Generator.eq(state.Generator).all().item<bool>());
    }

    [Fact]
    public void Initialise_OtherChannels_NamesTheTensorAndBothShapes()
    {
        using var state = SmallModel.State(SmallModel.Config());
        NetworkFile.Save(_path, state, ExportedNetworks.All);
        using var other = new Training.Step.TrajectoryState(SmallModel.Config(32, 32), ScalarType.Float32, CPU);

        var error = Assert.Throws<UserErrorException>(() => NetworkFile.Initialise(other, _path));

        Assert.Contains("G_ema.", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_path);

    private static Tensor Image(Generator generator)
    {
        var labels = generator.Config.LabelSize > 0 ? ones([2, generator.Config.LabelSize], ScalarType.Float32) : null;
        return generator.Synthesize(generator.Broadcast(generator.Map(ones([2, generator.Config.LatentSize], ScalarType.Float32), labels)), NoiseInput.Constant);
    }
}
