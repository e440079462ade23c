using Atelier.Training.Randomness;

namespace Atelier.Training.Tests.Randomness;

public sealed class PublishedSeedsTests
{
    /// <summary>numpy.random.RandomState(0).randn(5), as NumPy's own documentation and countless notebooks print it.</summary>
    [Fact]
    public void Latent_SeedZero_IsNumPys()
    {
        double[] expected = [1.76405235, 0.40015721, 0.97873798, 2.2408932, 1.86755799];

        Assert.All(PublishedSeeds.Latent(0, 5).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-8));
    }

    /// <summary>More than one refill of the generator's 624 words.</summary>
    [Fact]
    public void Latent_LongSequence_IsStandardNormal()
    {
        var values = PublishedSeeds.Latent(42, 20_000);

        Assert.InRange(values.Average(), -0.03, 0.03);
        Assert.InRange(values.Select(value => value * value).Average(), 0.95, 1.05);
        Assert.Equal(0.49671415, values[0], 1e-8);
    }
}
