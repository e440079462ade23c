using Atelier.Core.Runs;

namespace Atelier.Core.Tests.Runs;

public class NumericsFingerprintTests
{
    private static readonly NumericsFingerprint Here = new()
    {
        Libtorch = "1.13.1", OneDnn = "2.7.4", Blas = "OpenBLAS 0.3.21", Libc = "glibc 2.36", Device = "AVX2", Threads = 1,
    };

    [Fact]
    public void DifferencesTo_Equal_AreNone()
    {
        Assert.Empty(Here.DifferencesTo(Here with { }));
        Assert.Equal(Here, Here with { });
    }

    [Fact]
    public void DifferencesTo_EveryField_NamesBothValues()
    {
        var there = new NumericsFingerprint
        {
            Version = 99, Libtorch = "2.5", OneDnn = "3", Blas = "MKL", Libc = "musl", Device = "H100", Threads = 2, Tf32 = true,
        };
        var differences = Here.DifferencesTo(there);
        Assert.Equal(typeof(NumericsFingerprint).GetProperties().Length, differences.Count);
        Assert.Contains("libtorch was 1.13.1 and is 2.5", differences);
        Assert.Contains("threads was 1 and is 2", differences);
    }

    [Fact]
    public void Json_RoundTrip_GivesItBack() => Assert.Equal(Here, NumericsFingerprint.FromJson(Here.ToJson(), "manifest"));

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("nonsense")]
    public void FromJson_NoFingerprint_NamesTheSource(string json) =>
        Assert.StartsWith("manifest is no numerics fingerprint", Assert.Throws<UserErrorException>(() => NumericsFingerprint.FromJson(json, "manifest")).Message, StringComparison.Ordinal);
}
