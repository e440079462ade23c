using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Core.Access;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Atelier.TestKit;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Whichever of two replicas is asked, and whichever has the grain: a mistake is answered with its status.</summary>
public sealed class ReplicaErrorTests(PostgresServer postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mistakes_AskedOfEitherReplica_HaveTheirStatus()
    {
        if (await postgres.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
        var schema = postgres.MakeSchema();
        await using var first = await Replica.StartAsync(schema);
        await using var second = await Replica.StartAsync(schema);
        var folder = Directory.CreateTempSubdirectory("atelier-");
        await using (var worker = new FakeWorker(new(first.Channel), "w0"))
        {
            await worker.Probed.WaitAsync(Cancellation);
            var request = new SubmitRequest { Run = "faces", Recipe = "config-f", DataPath = "/data", RunStore = folder.FullName };
            await first.Runs.SubmitAsync(request, cancellationToken: Cancellation);
            await worker.UntilAsync(WorkerStage.Stepping, Cancellation);
            foreach (var replica in (Replica[])[first, second])
            {
                // The grain that has the queue finds these.
                var other = request.Clone();
                (other.Run, other.MaxWorkers) = ("others", 99);
                Assert.Equal(StatusCode.FailedPrecondition, await StatusAsync(replica.Runs.DeleteAsync(new DeleteRequest { Run = "faces" }, cancellationToken: Cancellation)));
                Assert.Equal(StatusCode.InvalidArgument, await StatusAsync(replica.Runs.SubmitAsync(other, cancellationToken: Cancellation)));
                Assert.Equal(StatusCode.NotFound, await StatusAsync(replica.Runs.DeleteAsync(new DeleteRequest { Run = "nobody" }, cancellationToken: Cancellation)));
                Assert.True((await replica.Runs.SubmitAsync(request, cancellationToken: Cancellation)).AlreadySubmitted);
            }
        }
        folder.Delete(recursive: true);
    }

    private static async Task<StatusCode> StatusAsync<T>(AsyncUnaryCall<T> call) => (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode;

    /// <summary>A coordinator with a silo of its own.</summary>
    private sealed class Replica(PostgresDatabase database, CoordinatorServer server) : IAsyncDisposable
    {
        public Grpc.Net.Client.GrpcChannel Channel { get; } = CoordinatorChannel.Open(server.Addresses[0], null);

        public Protos.Runs.RunsClient Runs => new(Channel);

        public static async Task<Replica> StartAsync(string schema)
        {
            var database = new PostgresDatabase(schema);
            var identity = await database.OpenAsync(_ => { }, TimeProvider.System, Cancellation);
            var options = new CoordinatorOptions { Listen = [ListenAddress.Parse("127.0.0.1:0")], Database = database, ReplicaAddress = ListenAddress.Parse($"127.0.0.1:{FreePorts.Take()}") };
            return new(database, await CoordinatorServer.StartAsync(options, identity, TimeProvider.System, Cancellation));
        }

        public async ValueTask DisposeAsync()
        {
            Channel.Dispose();
            await server.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
