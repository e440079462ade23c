using System.Reflection;
using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class SpecKeysTests
{
    public static TheoryData<string> Names => [.. SpecKeys.All.Select(key => key.Name)];

    [Fact]
    public void All_SettableProperties_HaveAKeyEach()
    {
        var properties = typeof(RunSpec).GetProperties().Where(p => p.SetMethod is { IsPublic: true }).Select(p => Kebab(p.Name));
        Assert.Equal(properties.Order(), SpecKeys.All.Select(key => key.Name.Replace("-", "", StringComparison.Ordinal)).Order());

        static string Kebab(string name) => name.ToLowerInvariant();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Key_Row_ReadsAndWritesItsOwnProperty(string name)
    {
        var key = SpecKeys.Find(name);
        var property = typeof(RunSpec).GetProperties().Single(p => p.Name.Equals(name.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
        var other = Samples.Other(key);
        var changed = key.With(new RunSpec(), other);

        Assert.NotEqual(property.GetValue(new RunSpec()), property.GetValue(changed));
        Assert.Equal(key.With(new RunSpec(), key.Format(changed)), changed);
        Assert.Equal(new RunSpec(), key.With(changed, key.Default));
        Assert.Equal([key], SpecChange.Between(new RunSpec(), changed).Select(change => change.Key));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Key_Row_IsDescribed(string name)
    {
        var key = SpecKeys.Find(name);
        Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", key.Name);
        Assert.NotEmpty(key.Description);
        Assert.NotEmpty(key.Accepts);
    }

    [Theory]
    [InlineData("gama", "gamma")]
    [InlineData("keep_last", "keep-last")]
    [InlineData("bacth", "batch")]
    [InlineData("emakimg", "ema-kimg")]
    public void Find_Misspelt_NamesTheNearest(string typed, string meant)
    {
        var error = Assert.Throws<UserErrorException>(() => SpecKeys.Find(typed));
        Assert.Equal($"there is no key `{typed}`. Did you mean `{meant}`?", error.Message);
    }

    [Fact]
    public void Find_NothingLikeAnyKey_DoesNotGuess()
    {
        var error = Assert.Throws<UserErrorException>(() => SpecKeys.Find("qqqqqqqqqqqqqqq"));
        Assert.DoesNotContain("mean", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("batch=many", "`batch` cannot be `many`; use a whole number of at least 1 (images).")]
    [InlineData("batch=0", "`batch` cannot be `0`; use a whole number of at least 1 (images).")]
    [InlineData("lr=NaN", "`lr` cannot be `NaN`; use a number above 0.")]
    [InlineData("lr=-1", "`lr` cannot be `-1`; use a number above 0.")]
    [InlineData("beta2=1", "`beta2` cannot be `1`; use a number of at least 0 and below 1.")]
    [InlineData("g-arch=3", "`g-arch` cannot be `3`; use skip or resnet or orig.")]
    [InlineData("background=white", "`background` cannot be `white`; use a colour of six hexadecimal digits, RRGGBB (RRGGBB).")]
    [InlineData("resolution=64x", "`resolution` cannot be `64x`; use a number of pixels, WIDTHxHEIGHT, or auto (pixels, width x height).")]
    [InlineData("mirror=maybe", "`mirror` cannot be `maybe`; use true or false.")]
    [InlineData("cache-bytes=1t", "`cache-bytes` cannot be `1t`; use a number of bytes, optionally with the suffix k, m or g (powers of 1024) (bytes).")]
    [InlineData("g-reg-every=0", "`g-reg-every` cannot be `0`; use a whole number of at least 1, or none (iterations).")]
    [InlineData("label-dim=3", "`label-dim` is set by the dataset and cannot be set as a key.")]
    [InlineData("recipe=demo", "`recipe` is set by --recipe and cannot be set as a key.")]
    [InlineData("mirror", "`mirror` is not of the form key=value.")]
    public void Parse_NotAccepted_SaysWhatIs(string text, string message) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => SpecAssignment.Parse(text)).Message);

    [Fact]
    public void Parse_Accepted_SetsTheValue()
    {
        RunSpec With(string text) => SpecAssignment.Parse(text).ApplyTo(new RunSpec());
        Assert.Equal(new Resolution(384, 512), With("resolution=512x384").Resolution);
        Assert.Equal(new Resolution(64, 64), With(" resolution = 64 ").Resolution);
        Assert.Equal(2L << 30, With("cache-bytes=2g").CacheBytes);
        Assert.Equal("00ff00", With("background=#00FF00").Background);
        Assert.Equal(["fid50k_full", "kid50k_full"], With("metrics=fid50k_full, kid50k_full").Metrics);
        Assert.Empty(With("metrics=none").Metrics);
        Assert.Null(With("g-reg-every=none").GRegEvery);
        Assert.Equal(256, With("conv-clamp=256").ConvClamp);
        Assert.Equal(ulong.MaxValue, With("seed=18446744073709551615").Seed);
    }
}
