using System.Net;
using System.Net.Sockets;
using Atelier.Core;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Rpc.Tests.Transport;

public sealed class ClientTransportTests
{
    private static readonly Method<byte[], byte[]> Anything = new(
        MethodType.Unary, "atelier.tests.v1.Nobody", "Anything", Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes), Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tcp_ToAPeerThatFellSilent_EndsTheCall()
    {
        // Takes the connection and whatever comes, and answers nothing, not even pings: as a frozen process does.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var handler = ClientTransport.Tcp();
        using var channel = GrpcChannel.ForAddress($"http://{silent.LocalEndpoint}", new GrpcChannelOptions { HttpHandler = handler });

        using var call = Call(channel);
        using var connection = await silent.AcceptTcpClientAsync(Token);

        // HttpClient calls the missing answer a breach of the protocol, which gRPC for .NET makes Internal.
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.True(failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal, failure.ToString());
    }

    [Fact]
    public async Task Unix_WithoutASocketThere_IsUnavailable()
    {
        var nothing = new UnixSocketPath(Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock"));
        using var handler = ClientTransport.Unix(nothing);
        using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = handler });

        using var call = Call(channel);

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Theory]
    [InlineData("http://192.0.2.1:7070", true)]
    [InlineData("http://coordinator.example:7070", true)]
    [InlineData("https://coordinator.example:7070", false)]
    [InlineData("http://127.0.0.1:7070", false)]
    [InlineData("http://localhost:7070", false)]
    [InlineData("unix:/tmp/coordinator.sock", false)]
    public void Open_WithAToken_DoesNotSendItInTheClear(string address, bool isRefused)
    {
        var refused = Record.Exception(() => CoordinatorChannel.Open(address, null, carriesToken: true).Dispose());

        Assert.Equal(isRefused, refused is UserErrorException);
        Assert.Null(Record.Exception(() => CoordinatorChannel.Open(address, null).Dispose()));
    }

    private static AsyncUnaryCall<byte[]> Call(GrpcChannel channel) =>
        channel.CreateCallInvoker().AsyncUnaryCall(Anything, null, new CallOptions(cancellationToken: Token), []);
}
