using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using OpenTelemetry.Trace;

namespace Atelier.Cli.Telemetry;

/// <summary>What the standard variables say about sending; the exporters read the rest of them (headers, protocol, timeouts, intervals) themselves.</summary>
/// <param name="SendsMetrics">Whether metrics are sent.</param>
/// <param name="SendsTraces">Whether spans are sent.</param>
/// <param name="SendsLogs">Whether logs are sent.</param>
/// <param name="Sampler">Which traces are recorded, of those that begin here.</param>
internal sealed record OtlpSettings(bool SendsMetrics, bool SendsTraces, bool SendsLogs, Sampler Sampler)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Whether anything is sent.</summary>
    public bool IsOn => SendsMetrics || SendsTraces || SendsLogs;

    /// <summary>Reads the environment. Nothing is sent unless an endpoint is named.</summary>
    public static OtlpSettings FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static OtlpSettings From(Func<string, string?> variable)
    {
        bool isOff = string.Equals(variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        bool IsGiven(string name) => !string.IsNullOrEmpty(variable(name));
        bool Sends(string signal) => !isOff
            && (IsGiven(Endpoint) || IsGiven($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))
            && variable($"OTEL_{signal}_EXPORTER") is null or "" or "otlp";
        return new(Sends("METRICS"), Sends("TRACES"), Sends("LOGS"), SamplerOf(variable("OTEL_TRACES_SAMPLER"), variable("OTEL_TRACES_SAMPLER_ARG")));
    }

    private static Sampler SamplerOf(string? name, string? argument)
    {
        double ratio = double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out double given) && given is >= 0 and <= 1 ? given : 1;
        return name switch
        {
            "always_off" => new AlwaysOffSampler(),
            "always_on" => new AlwaysOnSampler(),
            "traceidratio" => new TraceIdRatioBasedSampler(ratio),
            "parentbased_always_off" => new ParentBasedSampler(new AlwaysOffSampler()),
            "parentbased_traceidratio" => new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)),
            _ => new ParentBasedSampler(new AlwaysOnSampler()),
        };
    }
}

/// <summary>
/// Where traces begin: at a command, a request from outside, a run's generation. What grains and streams do by themselves a few times a second
/// begins none.
/// </summary>
/// <param name="inner">Decides on the others.</param>
internal sealed class TraceRoots(Sampler inner) : Sampler
{
    /// <summary>What ASP.NET Core calls a request that has come in; Orleans' calls are of the same kind.</summary>
    private const string Request = "Microsoft.AspNetCore.Hosting.HttpRequestIn";

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        bool isRoot = samplingParameters.ParentContext.TraceId == default;
        bool mayBegin = samplingParameters.Kind switch
        {
            ActivityKind.Server => samplingParameters.Name == Request,
            ActivityKind.Internal => samplingParameters.Name == "generation" || samplingParameters.Name.StartsWith(CommandSpan.Prefix, StringComparison.Ordinal),
            _ => false,
        };
        return isRoot && !mayBegin ? new SamplingResult(SamplingDecision.Drop) : inner.ShouldSample(samplingParameters);
    }
}

/// <summary>Says once that a receiver of OTLP does not take what is sent. The exporters retry, and drop what they cannot keep.</summary>
/// <param name="say">Told.</param>
internal sealed class OtlpFailures(Action<string> say) : EventListener
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private int _isTold;

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Exporter)
            EnableEvents(eventSource, EventLevel.Warning);
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // Sources that there were before this object call before its constructor has run.
        if (say is null || eventData.EventSource.Name != Exporter || eventData.Level > EventLevel.Warning || Interlocked.Exchange(ref _isTold, 1) != 0)
            return;
        string where = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") ?? "its receiver";
        string why = string.Format(CultureInfo.InvariantCulture, eventData.Message ?? eventData.EventName ?? "", [.. eventData.Payload ?? []]).Split('\n')[0].Trim();
        say($"cannot send telemetry to {where} ({(why.Length > 200 ? why[..200] : why)}); training is not affected");
    }
}
