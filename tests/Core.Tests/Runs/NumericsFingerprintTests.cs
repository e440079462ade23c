using Atelier.Core.Runs;

namespace Atelier.Core.Tests.Runs;

public class NumericsFingerprintTests
{
    private static readonly NumericsFingerprint Here = new() { Libtorch = "2.10.0", Device = "cpu", Threads = 1 };

    /// <summary>What version 1 wrote, on one of its machines.</summary>
    private const string Version1 = """
        {"version":1,"libtorch":"1.13.1","one-dnn":"2.7.4","blas":"OpenBLAS 0.3.21","libc":"glibc 2.36","device":"avx2 kernels on a CPU with AVX512","threads":1,"tf32":false}
        """;

    [Fact]
    public void DifferencesTo_Equal_AreNone()
    {
        Assert.Empty(Here.DifferencesTo(Here with { }));
        Assert.Equal(Here, Here with { });
        Assert.Equal(Here.Digest(), (Here with { }).Digest());
    }

    [Fact]
    public void DifferencesTo_EveryField_NamesBothValues()
    {
        var there = new NumericsFingerprint { Version = 99, Libtorch = "2.5", Device = "cuda", Threads = 2, Tf32 = true };
        Assert.Equal(
            [
                "the run has numerics version 2, but this is numerics version 99", "libtorch was 2.10.0 and is 2.5", "device was cpu and is cuda",
                "libtorch's threads was 1 and is 2", "TF32 was False and is True",
            ],
            Here.DifferencesTo(there));
        Assert.Equal(typeof(NumericsFingerprint).GetProperties().Length, Here.DifferencesTo(there).Count);
        Assert.NotEqual(Here.Digest(), there.Digest());
    }

    [Fact]
    public void FromJson_Version1_IsReadAndNamedAsSuch()
    {
        var former = NumericsFingerprint.FromJson(Version1, "manifest");
        Assert.Equal((1, "1.13.1", 1), (former.Version, former.Libtorch, former.Threads));
        // Its device is an instruction set, which says nothing about the kind of device.
        Assert.Equal(["the run has numerics version 1, but this is numerics version 2", "libtorch was 1.13.1 and is 2.10.0"], former.DifferencesTo(Here));
    }

    [Fact]
    public void Json_RoundTrip_GivesItBack()
    {
        Assert.Equal(Here, NumericsFingerprint.FromJson(Here.ToJson(), "manifest"));
        Assert.Equal("""{"version":2,"libtorch":"2.10.0","device":"cpu","threads":1,"tf32":false}""", Here.ToJson());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("nonsense")]
    public void FromJson_NoFingerprint_NamesTheSource(string json) =>
        Assert.StartsWith("manifest is not a numerics fingerprint", Assert.Throws<UserErrorException>(() => NumericsFingerprint.FromJson(json, "manifest")).Message, StringComparison.Ordinal);
}
