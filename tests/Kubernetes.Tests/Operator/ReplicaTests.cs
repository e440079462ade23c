using Atelier.Kubernetes.Tests.ApiServer;
using Atelier.TestKit;

namespace Atelier.Kubernetes.Tests.Operator;

/// <summary>Replicas of a coordinator, one of which is the operator.</summary>
public sealed class ReplicaTests
{
    private const string Served = "Kubernetes: acting as the operator for TrainingRuns in namespace training";

    [Fact]
    public async Task Operator_ThatIsKilled_IsReplacedByAnotherReplica()
    {
        await using var postgres = new PostgresServer();
        if (await postgres.WhyNotAsync() is { } why) Assert.Skip(why);
        await using var server = await LocalApiServer.StartAsync();
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        TestAuthority.Write(authority.Valid(), folder["tls.crt"]);
        await File.WriteAllTextAsync(folder["ca.crt"], authority.Certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        var database = postgres.MakeSchema();
        var replicas = Enumerable.Range(0, 2).Select(_ => AtelierProcess.Start(
        [
            "coordinator", "--listen", $"127.0.0.1:{FreePorts.Take()}", "--replica-listen", $"127.0.0.1:{FreePorts.Take()}", "--database", $"postgres:{database}",
            "--tls-cert", folder["tls.crt"], "--tls-key", folder["tls.key"], "--tls-ca", folder["ca.crt"], "--kubernetes", "--kubeconfig", server.Kubeconfig,
        ])).ToList();
        try
        {
            var said = replicas.Select(replica => Task.Run(() => replica.WaitForLines(1, line => line == Served))).ToList();
            await Task.WhenAny(said);
            // Both serve, so that one of them only has the operator.
            Assert.All(replicas, replica => Assert.True(replica.WaitForLines(1, line => line.StartsWith("replica", StringComparison.Ordinal) && line.Contains("of cluster", StringComparison.Ordinal)), replica.Printed));
            var first = replicas.FindIndex(replica => replica.Count(line => line == Served) > 0);
            var other = replicas[1 - first];
            Assert.Equal(0, other.Count(line => line == Served));

            replicas[first].Kill();
            Assert.True(other.WaitForLines(1, line => line == Served), other.Printed);
            server.Store.Apply("trainingruns", "faces", OperatorBench.Run("faces", ""), "kubectl", force: false);
            while (true)
            {
                var changed = server.Store.Changed;
                if (((string?)server.Store.Find("trainingruns", "faces")!["status"]?["message"])?.Contains("no worker is attached to read the data", StringComparison.Ordinal) == true) break;
                await changed.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            replicas.ForEach(replica => replica.Dispose());
        }
    }
}
