using System.Security.Cryptography.X509Certificates;
using Atelier.Cli.Tests;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>Coordinators whose certificate cannot be trusted, or that ask for one, as people and workers meet them.</summary>
public sealed class TrustTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new();
    private ServedCoordinator? _coordinator;

    [Theory]
    [InlineData("expired", "has expired")]
    [InlineData("stranger", "not signed by the CA")]
    public async Task Command_ToACoordinatorThatIsNotTrusted_SaysWhy(string what, string says)
    {
        string address = await StartAsync(what);

        Complaint.IsOf(Run("ls", address), address, says);
        Complaint.IsOf(Run("watch", address, "faces"), address, says);
        Complaint.IsOf(Run("submit", address, "faces", "--data", "/images", "--out", "/run"), address, says);
    }

    [Theory]
    [InlineData("expired", "has expired")]
    [InlineData("stranger", "not signed by the CA")]
    public async Task Worker_OfACoordinatorThatIsNotTrusted_SaysWhyAndTriesOn(string what, string says)
    {
        string address = await StartAsync(what);

        using var worker = AtelierProcess.Start(["worker", "--coordinator", address, "--tls-ca", _folder["ca.crt"]]);

        Assert.True(worker.WaitForLines(1, line => line.Contains(address, StringComparison.Ordinal) && line.Contains(says, StringComparison.Ordinal) && line.EndsWith("retrying", StringComparison.Ordinal)));
        worker.Signal("TERM");
        worker.WaitForExit();
    }

    [Fact]
    public async Task Command_InTheClearToACoordinatorWithTls_SaysWhere()
    {
        string address = (await StartAsync("valid")).Replace("https://", "http://", StringComparison.Ordinal);

        var result = AtelierProcess.Run("ls", "--coordinator", address);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(address, Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Contains("https://", result.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_OverTls_IsServed()
    {
        string address = await StartAsync("valid");

        Run("ls", address).Succeeded();
    }

    [Theory]
    [InlineData(null, "a client certificate is required here; pass it with --tls-cert")]
    [InlineData("stranger", "not signed by the CA")]
    public async Task Caller_OfACoordinatorThatAsksForCertificates_IsToldWhatIsWrongWithIts(string? what, string says)
    {
        string address = await StartAsync("valid", asksCallers: true);
        string[] shown = what is null ? [] : Shown(what);

        Complaint.IsOf(Run("ls", address, shown), says);
        var worker = AtelierProcess.Run(["worker", "--coordinator", address, "--tls-ca", _folder["ca.crt"], .. shown]);
        Complaint.IsOf(worker, says);
    }

    [Fact]
    public async Task Caller_WithACertificate_IsServed()
    {
        string address = await StartAsync("valid", asksCallers: true);

        Run("ls", address, Shown("valid")).Succeeded();
        using var worker = AtelierProcess.Start(["worker", "--coordinator", address, "--tls-ca", _folder["ca.crt"], .. Shown("valid")]);
        Assert.True(worker.WaitForLines(1, line => line.StartsWith("attached", StringComparison.Ordinal)));
        worker.Signal("TERM");
        worker.WaitForExit();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_coordinator is not null)
            await _coordinator.DisposeAsync();
        _authority.Dispose();
        _stranger.Dispose();
        _folder.Dispose();
    }

    private AtelierResult Run(string command, string address, params string[] more) =>
        AtelierProcess.Run([command, "--coordinator", address, "--tls-ca", _folder["ca.crt"], .. more]);

    private string[] Shown(string what)
    {
        TestAuthority.Write(Certificate(what), _folder["own.crt"]);
        return ["--tls-cert", _folder["own.crt"], "--tls-key", _folder["own.key"]];
    }

    private X509Certificate2 Certificate(string what) => what switch { "expired" => _authority.Expired(), "stranger" => _stranger.Valid(), _ => _authority.Valid() };

    private async Task<string> StartAsync(string what, bool asksCallers = false)
    {
        TestAuthority.Write(_authority.Certificate, _folder["ca.crt"]);
        _coordinator = await ServedCoordinator.StartAsync(Certificate(what), callers: asksCallers ? _authority.Certificate : null);
        return _coordinator.Address.GetLeftPart(UriPartial.Authority);
    }
}
