using Atelier.Core.Access;

namespace Atelier.Core.Tests.Access;

public class ListenPolicyTests
{
    private static readonly ListenAddress[] Loopback = [ListenAddress.Parse("127.0.0.1:1"), ListenAddress.Parse("[::1]:1"), ListenAddress.Parse("unix:/run/a")];

    private static readonly ListenAddress Open = ListenAddress.Parse("0.0.0.0:7070");

    [Fact]
    public void Require_LoopbackAlone_NeedsNothing() => new ListenPolicy(false, false, false).Require(Loopback);

    [Fact]
    public void Require_Everything_MayListenAnywhere() => new ListenPolicy(true, true, true).Require([.. Loopback, Open]);

    [Theory]
    [InlineData(false, true, true, "TLS", "--tls-cert FILE --tls-key FILE", "atelier certs")]
    [InlineData(true, false, true, "a user token", "--token-file FILE", "ATELIER_TOKEN")]
    [InlineData(true, true, false, "a worker token", "--worker-token-file FILE", "ATELIER_WORKER_TOKEN")]
    [InlineData(false, false, false, "TLS and a user token and a worker token", "--tls-key", "--worker-token-file")]
    public void Require_BeyondLoopbackWithoutAll_SaysWhatToPass(bool certificate, bool people, bool workers, params string[] parts)
    {
        var error = Assert.Throws<UserErrorException>(() => new ListenPolicy(certificate, people, workers).Require([.. Loopback, Open]));
        Assert.All(parts.Append("0.0.0.0:7070").Append("127.0.0.1"), part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Require_OneThingMissing_DoesNotAskForTheOthers()
    {
        var error = Assert.Throws<UserErrorException>(() => new ListenPolicy(true, true, false).Require([Open]));
        Assert.DoesNotContain("--tls", error.Message);
        Assert.DoesNotContain(" --token-file", error.Message);
    }
}
