using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>What health checkers such as Kubernetes' gRPC probes are told, without a token.</summary>
public sealed class HealthTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_OfACoordinator_IsServing()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(new(new("people-0123456789abcdef0123", "a test"), new("workers-0123456789abcdef012", "a test")));
        using var channel = CoordinatorChannel.Open(coordinator.Address.ToString(), null);
        var health = new Health.HealthClient(channel);

        foreach (var service in (string[])["", "atelier.v1.Fleet", "atelier.v1.Runs"])
            Assert.Equal(ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = service }, cancellationToken: Cancellation)).Status);

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await health.CheckAsync(new HealthCheckRequest { Service = "no.such" }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }
}
