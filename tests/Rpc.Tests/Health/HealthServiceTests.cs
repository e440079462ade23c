using Atelier.Rpc.Health;
using Atelier.Rpc.Health.V1;
using Grpc.Core;
using static Atelier.Rpc.Health.V1.HealthCheckResponse.Types;

namespace Atelier.Rpc.Tests.Health;

public sealed class HealthServiceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, ServingStatus.Serving)]
    [InlineData(false, ServingStatus.NotServing)]
    public async Task Check_OfAKnownService_TellsItsStatus(bool isServing, ServingStatus expected)
    {
        var health = new HealthService();
        health.Set("atelier.Runs", isServing);
        await using var server = await HealthServer.StartAsync(health);

        var response = await new Atelier.Rpc.Health.V1.Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = "atelier.Runs" }, cancellationToken: Token);

        Assert.Equal(expected, response.Status);
    }

    [Fact]
    public async Task Check_OfAnUnknownService_IsNotFound()
    {
        await using var server = await HealthServer.StartAsync(new HealthService());

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Atelier.Rpc.Health.V1.Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = "no.such" }, cancellationToken: Token));

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task Check_OnTheWire_HasTheStandardsPathAndNumbers()
    {
        var health = new HealthService();
        health.Set(HealthService.WholeServer, true);
        await using var server = await HealthServer.StartAsync(health);
        var bytes = Marshallers.Create<byte[]>(array => array, array => array);
        var check = new Method<byte[], byte[]>(MethodType.Unary, "grpc.health.v1.Health", "Check", bytes, bytes);

        using var call = server.Channel.CreateCallInvoker().AsyncUnaryCall(check, null, new CallOptions(cancellationToken: Token), []);

        Assert.Equal([0x08, 0x01], await call); // field 1, SERVING
    }

    [Fact]
    public async Task Watch_OfAServiceThatComesAndGoes_TellsEveryChange()
    {
        var health = new HealthService();
        await using var server = await HealthServer.StartAsync(health);
        using var call = new Atelier.Rpc.Health.V1.Health.HealthClient(server.Channel).Watch(new HealthCheckRequest { Service = "late" }, cancellationToken: Token);
        async Task<ServingStatus> NextAsync()
        {
            Assert.True(await call.ResponseStream.MoveNext(Token));
            return call.ResponseStream.Current.Status;
        }

        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync());
        health.Set("late", true);
        Assert.Equal(ServingStatus.Serving, await NextAsync());
        health.Set("other", false);
        health.Set("late", false);
        Assert.Equal(ServingStatus.NotServing, await NextAsync());
    }
}
