using Atelier.Core.Randomness;
using Atelier.Training.Randomness;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Step;

/// <summary>On libtorch's meta device, whose tensors have shapes and no values. It stands for a GPU.</summary>
public sealed class DeviceTests
{
    private static readonly Device Meta = device("meta");

    [Fact]
    public void Draws_OfAShard_AreOnTheDevice()
    {
        using var scope = NewDisposeScope();
        var source = new DrawSource(16, 3, 10, (_, label) => label[0] = 1, 1, RandomNoise: true, ScalarType.Float32, Meta);
        var draws = new KeyedDraws(new DrawKey(0, 0, DrawPurpose.Latent), source);

        Assert.All(
            new[] { draws.Latents(4), draws.SecondLatents(4), draws.Labels(4)!, draws.PathNoise([4, 3, 8, 8]) },
            drawn => Assert.Equal(Meta.type, drawn.device_type));
    }
}
