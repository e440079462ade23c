using System.Net;
using Atelier.Cli.Telemetry;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Atelier.Cli.Tests.Telemetry;

/// <summary>What probes and scrapers are told.</summary>
public sealed class MonitoringServerTests
{
    private static readonly ListenAddress AnyPort = ListenAddress.Parse("127.0.0.1:0");

    [Fact]
    public async Task Probes_OfAProcessThatStartsFailsAndRecovers_TellWhichAndWhy()
    {
        using var metrics = Sdk.CreateMeterProviderBuilder().AddPrometheusExporter().Build();
        var health = new ProcessHealth();
        await using var server = await MonitoringServer.StartAsync(AnyPort, metrics, health);

        Assert.Equal([(503, "it is starting"), (503, "it is starting"), (200, "ok")], await AskAsync(server, "startupz", "readyz", "livez"));
        health.Ready();
        Assert.Equal([(200, "ok"), (200, "ok"), (200, "ok")], await AskAsync(server, "startupz", "readyz", "livez"));
        health.NotReady("the database is away");
        Assert.Equal([(200, "ok"), (503, "the database is away"), (200, "ok")], await AskAsync(server, "startupz", "readyz", "livez"));
        Assert.Equal([(404, ""), (404, "")], await AskAsync(server, "", "metrics/../../etc/passwd"));
        Assert.Equal(200, (await AskAsync(server, "metrics"))[0].Code);
    }

    [Fact]
    public async Task Start_OnAPortThatIsTaken_SaysWhich()
    {
        using var metrics = Sdk.CreateMeterProviderBuilder().AddPrometheusExporter().Build();
        await using var first = await MonitoringServer.StartAsync(AnyPort, metrics, new());
        string taken = first.Address["http://".Length..];

        var refused = await Assert.ThrowsAsync<UserErrorException>(() => MonitoringServer.StartAsync(ListenAddress.Parse(taken), metrics, new()));
        Assert.Contains(taken, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:4317", null, null, true)]
    [InlineData(null, null, null, false)]
    [InlineData("", null, null, false)]
    [InlineData("http://127.0.0.1:4317", null, "true", false)]
    [InlineData("http://127.0.0.1:4317", "none", null, false)]
    [InlineData("http://127.0.0.1:4317", "otlp", "false", true)]
    public void Otlp_ByTheStandardVariables_IsOnOrOff(string? endpoint, string? exporter, string? disabled, bool isOn)
    {
        var settings = OtlpSettings.From(name => name switch
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => endpoint,
            "OTEL_TRACES_EXPORTER" => exporter,
            "OTEL_SDK_DISABLED" => disabled,
            _ => null,
        });
        Assert.Equal(isOn, settings.SendsTraces);
    }

    [Fact]
    public void Otlp_OneSignalsEndpoint_TurnsOnThatOne()
    {
        var settings = OtlpSettings.From(name => name == "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" ? "http://127.0.0.1:4318/v1/metrics" : null);
        Assert.Equal((true, false, false), (settings.SendsMetrics, settings.SendsTraces, settings.SendsLogs));
    }

    private static async Task<List<(int Code, string Text)>> AskAsync(MonitoringServer server, params string[] paths)
    {
        using var client = new HttpClient();
        var answers = new List<(int, string)>();
        foreach (string path in paths)
        {
            using var answer = await client.GetAsync(new Uri($"{server.Address}/{path}"), TestContext.Current.CancellationToken);
            answers.Add(((int)answer.StatusCode, (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Trim()));
        }
        return answers;
    }
}
