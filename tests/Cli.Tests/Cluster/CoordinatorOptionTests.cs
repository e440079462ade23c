using Atelier.Cli.Cluster;
using Grpc.Core;

namespace Atelier.Cli.Tests.Cluster;

/// <summary>What people are told about calls that failed.</summary>
public sealed class CoordinatorOptionTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    public void Explain_InTheClearToWhatIsNoServerInTheClear_NamesTheOtherAddress(StatusCode status)
    {
        var refused = new RpcException(new Status(status, "no handshake", new HttpRequestException("no handshake")));

        var told = Assert.IsType<IOException>(CoordinatorOption.Explain(refused, "http://first.example:7070"));

        Assert.Equal("nothing answers at http://first.example:7070; is the coordinator running? For a coordinator with TLS, use https://first.example:7070", told.Message);
    }

    [Fact]
    public void Explain_AFaultOfTheCoordinator_SaysSo()
    {
        var told = Assert.IsType<IOException>(CoordinatorOption.Explain(new RpcException(new Status(StatusCode.Internal, "it broke")), "http://first.example:7070"));

        Assert.Equal("the coordinator at http://first.example:7070 replied Internal: it broke", told.Message);
    }
}
