using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:7070", "127.0.0.1", 7070, true)]
    [InlineData("127.9.9.9:0", "127.9.9.9", 0, true)]
    [InlineData("[::1]:7070", "::1", 7070, true)]
    [InlineData("[::ffff:127.0.0.1]:7070", "::ffff:127.0.0.1", 7070, true)]
    [InlineData("localhost:7070", "localhost", 7070, true)]
    [InlineData("7070", "127.0.0.1", 7070, true)]
    [InlineData("*:7070", "*", 7070, false)]
    [InlineData("0.0.0.0:7070", "0.0.0.0", 7070, false)]
    [InlineData("[::]:7070", "::", 7070, false)]
    [InlineData("192.168.1.2:65535", "192.168.1.2", 65535, false)]
    [InlineData("localhost.example.org:1", "localhost.example.org", 1, false)]
    public void Parse_HostAndPort_KnowsWhoCanReachIt(string text, string host, int port, bool isLoopback)
    {
        var address = ListenAddress.Parse(text);
        Assert.Equal((host, port, isLoopback), (address.Host, address.Port, address.IsLoopback));
        Assert.Equal(address, ListenAddress.Parse(address.ToString()));
    }

    [Fact]
    public void Parse_Socket_IsLoopback()
    {
        var address = ListenAddress.Parse("unix:/run/atelier.sock");
        Assert.Equal(("/run/atelier.sock", null, true), (address.Host, address.Port, address.IsLoopback));
        Assert.Equal("unix:/run/atelier.sock", address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData("localhost")]
    [InlineData("localhost:")]
    [InlineData(":7070")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1: 1")]
    [InlineData("::1:7070")]
    [InlineData("[127.0.0.1]:7070")]
    [InlineData("http://127.0.0.1:7070")]
    [InlineData("a b:7070")]
    public void Parse_AnythingElse_IsNamed(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => ListenAddress.Parse(text));
        Assert.Contains($"`{text}`", error.Message);
        Assert.Contains("127.0.0.1:7070", error.Message);
    }
}
