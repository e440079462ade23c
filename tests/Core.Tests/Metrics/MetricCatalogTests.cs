using Atelier.Core.Metrics;

namespace Atelier.Core.Tests.Metrics;

public sealed class MetricCatalogTests
{
    [Theory]
    [InlineData("fid50k_full", FeatureNet.Inception, 50_000)]
    [InlineData("pr50k3_full", FeatureNet.Vgg16, 50_000)]
    [InlineData("ppl2_wend", FeatureNet.Vgg16, 50_000)]
    [InlineData("rfd", FeatureNet.Random, 5_000)]
    public void Find_Name_HasThePublishedNumbers(string name, FeatureNet net, int samples)
    {
        var metric = MetricCatalog.Find(name);

        Assert.Equal((name, net, samples), (metric.Name, metric.Net, metric.Samples));
    }

    [Fact]
    public void Find_PublishedNames_AreAllThere() =>
        Assert.All(
            new[] { "fid50k_full", "fid50k", "kid50k_full", "pr50k3_full", "is50k", "ppl2_wend", "ppl_zfull", "ppl_wfull", "ppl_zend", "ppl_wend", "rfd" },
            name => Assert.Equal(name, MetricCatalog.Find(name).Name));

    [Fact]
    public void Find_Misspelt_NamesTheNearest()
    {
        var error = Assert.Throws<UserErrorException>(() => MetricCatalog.Find("fid50k_ful"));

        Assert.Contains("`fid50k_ful`", error.Message, StringComparison.Ordinal);
        Assert.Contains("`fid50k_full`", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pr50k3_full", 50_000, 3, "4 real images", "has 3")]
    [InlineData("is50k", 9, 1000, "10 samples", "9 were")]
    [InlineData("kid50k_full", 50_000, 1, "2 real images", "has 1")]
    public void Check_TooFew_SaysBothNumbers(string name, int samples, int images, params string[] parts)
    {
        var error = Assert.Throws<UserErrorException>(() => MetricCatalog.Find(name).Check(samples, images));

        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Check_FewerRealImagesThanItsName_NotesBothNumbers()
    {
        Assert.Contains(MetricCatalog.Find("fid50k").Check(50_000, 1200), note => note.Contains("50,000", StringComparison.Ordinal) && note.Contains("1,200", StringComparison.Ordinal));
        Assert.Empty(MetricCatalog.Find("fid50k_full").Check(50_000, 1200));
    }

    [Fact]
    public void Check_OtherNumberOfSamples_IsNoted() =>
        Assert.Contains("64", Assert.Single(MetricCatalog.Find("rfd").Check(64, 1200)), StringComparison.Ordinal);
}
