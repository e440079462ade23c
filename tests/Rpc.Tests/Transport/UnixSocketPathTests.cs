using Atelier.Core;
using Atelier.Rpc.Transport;

namespace Atelier.Rpc.Tests.Transport;

public sealed class UnixSocketPathTests
{
    [Fact]
    public void Constructor_OfTheLongestPath_IsAnEndpoint()
    {
        var path = "/" + new string('a', UnixSocketPath.MaxBytes - 1);

        Assert.Equal(path, new UnixSocketPath(path).EndPoint.ToString());
    }

    [Theory]
    [InlineData('a', UnixSocketPath.MaxBytes)]
    [InlineData('ä', UnixSocketPath.MaxBytes / 2 + 1)] // two bytes each
    public void Constructor_OfALongerPath_SaysHowLongItMayBe(char letter, int count)
    {
        var failure = Assert.Throws<UserErrorException>(() => new UnixSocketPath("/" + new string(letter, count)));

        Assert.Contains("at most 107 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_OfNothing_IsRefused() => Assert.Throws<UserErrorException>(() => new UnixSocketPath(""));
}
