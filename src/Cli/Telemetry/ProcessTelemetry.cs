using System.Reflection;
using Atelier.Coordinator.Telemetry;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Telemetry;
using Atelier.Worker.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Atelier.Cli.Telemetry;

/// <summary>
/// What a process tells of itself: metrics, spans and logs over OTLP as the standard <c>OTEL_*</c> variables say, and metrics and probes over
/// plain HTTP where a port was named. Nothing of it is on unless it was asked for, and nothing waits for whoever receives it.
/// </summary>
internal sealed class ProcessTelemetry : IAsyncDisposable
{
    /// <summary>What is not sent by then is given up when the process ends.</summary>
    private const int FlushMilliseconds = 2000;

    /// <summary>Calls that last as long as somebody listens, and so would be spans without an end; and those that ask for health.</summary>
    private static readonly string[] Endless = ["/atelier.v1.Fleet/Attach", "/atelier.v1.Runs/Watch", "/atelier.v1.Runs/Logs", "/atelier.v1.Peer/Meet", "/grpc.health"];

    private readonly OtlpSettings _otlp;
    private readonly ResourceBuilder _resource;
    private readonly OtlpFailures? _failures;
    private readonly MeterProvider? _metrics;
    private readonly TracerProvider? _traces;
    private readonly ILoggerFactory? _logs;
    private MonitoringServer? _server;

    private ProcessTelemetry(string service, string instance, bool isScraped, Action<string> say)
    {
        _otlp = OtlpSettings.FromEnvironment();
        // The variables win, as the specification says.
        bool isInstanceGiven = Environment.GetEnvironmentVariable("OTEL_RESOURCE_ATTRIBUTES")?.Contains("service.instance.id=", StringComparison.Ordinal) == true;
        _resource = ResourceBuilder.CreateDefault().AddService(
            Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") ?? service,
            serviceVersion: typeof(ProcessTelemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            autoGenerateServiceInstanceId: false, serviceInstanceId: isInstanceGiven ? null : instance);
        _failures = _otlp.IsOn ? new OtlpFailures(say) : null;
        if (isScraped || _otlp.SendsMetrics)
            _metrics = BuildMetrics(isScraped);
        if (_otlp.SendsTraces)
            _traces = BuildTraces();
        if (_otlp.SendsLogs)
            _logs = LoggerFactory.Create(AddLogging);
    }

    /// <summary>Where the monitoring port listens; null for none.</summary>
    public string? Address => _server?.Address;

    /// <summary>Starts it.</summary>
    /// <param name="service">What the process is, such as <c>atelier-worker</c>.</param>
    /// <param name="instance">Which one.</param>
    /// <param name="monitoring">Where metrics and probes are asked for; null for nowhere.</param>
    /// <param name="health">What probes are told.</param>
    /// <param name="say">Told where it listens, and once of a receiver that takes nothing.</param>
    /// <exception cref="UserErrorException">It cannot listen there.</exception>
    public static async Task<ProcessTelemetry> StartAsync(string service, string instance, ListenAddress? monitoring, ProcessHealth health, Action<string> say)
    {
        var telemetry = new ProcessTelemetry(service, instance, isScraped: monitoring is not null, say);
        if (monitoring is null)
            return telemetry;
        try
        {
            telemetry._server = await MonitoringServer.StartAsync(monitoring, telemetry._metrics!, health);
        }
        catch
        {
            await telemetry.DisposeAsync();
            throw;
        }
        say($"metrics and probes on {telemetry.Address}");
        return telemetry;
    }

    /// <summary>The telemetry of a command that is over soon, with no port; null where none is asked for.</summary>
    public static ProcessTelemetry? OfCommand(Action<string> say) =>
        OtlpSettings.FromEnvironment().IsOn ? new("atelier", $"{Environment.MachineName}-{Environment.ProcessId}", isScraped: false, say) : null;

    /// <summary>The log of a part of the process.</summary>
    public ILogger Log(string category) => _logs?.CreateLogger(category) ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    /// <summary>Sends a host's log too, where logs are sent.</summary>
    public void AddLogging(ILoggingBuilder logging)
    {
        if (!_otlp.SendsLogs)
            return;
        logging.AddFilter<OpenTelemetryLoggerProvider>("Atelier", LogLevel.Information).AddOpenTelemetry(log =>
        {
            (log.IncludeScopes, log.IncludeFormattedMessage) = (true, true);
            log.SetResourceBuilder(_resource).AddOtlpExporter();
        });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        // A receiver that is away keeps nobody: all at once, and not for long.
        await Task.WhenAll(
            Task.Run(() => _metrics?.Shutdown(FlushMilliseconds)),
            Task.Run(() => _traces?.Shutdown(FlushMilliseconds)),
            Task.WhenAny(Task.Run(() => _logs?.Dispose()), Task.Delay(FlushMilliseconds)));
        _failures?.Dispose();
    }

    private MeterProvider BuildMetrics(bool isScraped)
    {
        var builder = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(_resource)
            .AddMeter(CoordinatorMetrics.Name, WorkerMetrics.Name, "Microsoft.Orleans")
            .AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddProcessInstrumentation();
        if (isScraped)
            builder.AddPrometheusExporter();
        if (_otlp.SendsMetrics)
            builder.AddOtlpExporter();
        return builder.Build();
    }

    private TracerProvider BuildTraces() => Sdk.CreateTracerProviderBuilder().SetResourceBuilder(_resource)
        .SetSampler(new TraceRoots(_otlp.Sampler))
        .AddSource(CoordinatorMetrics.Name, WorkerMetrics.Name, CommandSpan.Source, "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime")
        .AddAspNetCoreInstrumentation(server => server.Filter = IsRecorded)
        .AddGrpcClientInstrumentation()
        .AddOtlpExporter()
        .Build();

    private static bool IsRecorded(HttpContext context) =>
        !Array.Exists(Endless, path => context.Request.Path.Value?.StartsWith(path, StringComparison.Ordinal) == true) && !MonitoringServer.IsProbe(context.Request.Path)
        // What browsers and scripts listen to.
        && context.Request.Path.Value?.EndsWith("/live", StringComparison.Ordinal) != true && context.Request.Path.Value?.EndsWith("/stream", StringComparison.Ordinal) != true;
}
