using Atelier.Core.Access;
using Atelier.Protos;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>grpcio submits a run to a coordinator that has a worker, and follows it: in the clear, and with TLS, certificates on both sides and a token.</summary>
public sealed class RunsFromPythonTests : IDisposable
{
    private const string PeopleToken = "people-0123456789abcdef0123";
    private const string WorkerToken = "workers-0123456789abcdef012";

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();

    [Fact]
    public async Task Runs_CalledByGrpcio_AnswersAndExplainsMistakes()
    {
        Peers.SkipWithoutGrpc();
        await using var coordinator = await ServedCoordinator.StartAsync();
        using var worker = StartWorker(coordinator);

        await CallAsync(coordinator);
    }

    [Fact]
    public async Task Runs_CalledByGrpcioWithCertificateAndToken_AnswersAndExplainsMistakes()
    {
        Peers.SkipWithoutGrpc();
        TestAuthority.Write(_authority.Valid(), _folder["own.crt"]);
        TestAuthority.Write(_authority.Certificate, _folder["ca.crt"]);
        File.WriteAllText(_folder["token"], WorkerToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder["token"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var coordinator = await ServedCoordinator.StartAsync(
            _authority.Valid(), new AccessGate(new AccessToken(PeopleToken, "a test"), new AccessToken(WorkerToken, "a test")), _authority.Certificate);
        using var worker = StartWorker(
            coordinator, "--tls-ca", _folder["ca.crt"], "--tls-cert", _folder["own.crt"], "--tls-key", _folder["own.key"], "--worker-token-file", _folder["token"]);

        await CallAsync(coordinator, _folder["ca.crt"], PeopleToken, _folder["own.key"], _folder["own.crt"]);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private static AtelierProcess StartWorker(ServedCoordinator coordinator, params string[] more)
    {
        var worker = AtelierProcess.Start(["worker", "--name", "w0", "--coordinator", coordinator.Address.GetLeftPart(UriPartial.Authority), "--lanes", "1", .. more]);
        Assert.True(worker.WaitForLines(1, line => line.StartsWith("attached", StringComparison.Ordinal)));
        return worker;
    }

    private async Task CallAsync(ServedCoordinator coordinator, params string[] secrets)
    {
        TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);
        await File.WriteAllBytesAsync(_folder["runs.pb"], RunsReflection.Descriptor.SerializedData.ToByteArray(), TestContext.Current.CancellationToken);
        using var client = Peers.Run("runs.py", [coordinator.Address.Authority, _folder["runs.pb"], _folder["data"], _folder.Path, .. secrets]);
        var said = (await client.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await client.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(said.Length > 15, string.Join('\n', said));
        Assert.All(said, line => Assert.EndsWith("\tok", line, StringComparison.Ordinal));
    }
}
