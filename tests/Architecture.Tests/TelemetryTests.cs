using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Atelier.Coordinator.Telemetry;
using Atelier.Core.Alerts;
using Atelier.TestKit;
using Atelier.Worker.Telemetry;

namespace Atelier.Architecture.Tests;

/// <summary>The names of metrics: what docs/telemetry.md, the alerts and the dashboard say of them is what the processes have.</summary>
public sealed partial class TelemetryTests
{
    private static readonly List<Instrument> Instruments = Collect();

    [Fact]
    public void Document_ItsTables_AreTheInstruments()
    {
        var written = Markdown.Open("docs/telemetry.md").Tables().Where(table => table[0][0] == "metric").SelectMany(table => table.Skip(1))
            .Select(row => $"{Markdown.Code(row[0]).Single()} | {row[1]} | {Markdown.Code(row[2]).FirstOrDefault() ?? ""} | {Markdown.Code(row[3]).Single()} | {row[4]}");
        Assert.Equal(
            Instruments.Select(one => $"{one.Name} | {KindOf(one)} | {one.Unit} | {PrometheusName(one)} | {one.Description}").Order(StringComparer.Ordinal),
            written.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("deploy/prometheus/alerts.yml")]
    [InlineData("deploy/grafana/atelier.json")]
    public void Queries_EveryMetric_IsThere(string path)
    {
        var text = path.EndsWith(".json", StringComparison.Ordinal) ? string.Join('\n', Expressions(JsonDocument.Parse(Repository.Read(path)).RootElement)) : Repository.Read(path);
        var asked = MetricName().Matches(text).Select(match => match.Value).Distinct().ToList();
        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(Instruments.SelectMany(Series)));
    }

    [Fact]
    public void Alerts_OfPrometheus_AreThoseOfRunsAndOneForProcesses()
    {
        var rules = AlertName().Matches(Repository.Read("deploy/prometheus/alerts.yml")).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal([.. Enum.GetNames<AlertKind>(), "ProcessDown"], rules);
        Assert.Subset(Markdown.Open("docs/operations.md").Headings.ToHashSet(), rules.ToHashSet());
    }

    /// <summary>The thresholds by which coordinators raise alerts are those of the rules.</summary>
    [Fact]
    public void Alerts_OfPrometheus_HaveTheThresholdsOfRuns()
    {
        var (rules, settings) = (Repository.Read("deploy/prometheus/alerts.yml"), new AlertSettings());
        string[] expected =
        [
            $"(atelier_run_standstill_seconds) > {settings.Standstill.TotalSeconds}",
            $"[{settings.Disagreement.TotalHours}h])) > 0",
            $"[{settings.LossWindow.TotalMinutes}m])) >= {settings.MostLosses}",
            $"(atelier_run_store_free_bytes) < {settings.LeastFreeBytes}",
            $"< {settings.LeastFreeSnapshots} * max by (run) (atelier_run_snapshot_last_bytes)",
            $"(atelier_run_evaluation_standstill_seconds) > {settings.EvaluationStandstill.TotalSeconds}",
            $"(atelier_run_metric_degradation_ratio) > {new Core.Specs.RunSpec().Explosion}",
        ];
        Assert.All(expected, condition => Assert.Contains(condition, rules, StringComparison.Ordinal));
    }

    private static List<Instrument> Collect()
    {
        var found = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name is CoordinatorMetrics.Name or WorkerMetrics.Name)
                    found.Add(instrument);
            },
        };
        RuntimeHelpers.RunClassConstructor(typeof(WorkerMetrics).TypeHandle);
        using var coordinator = new CoordinatorMetrics(TimeProvider.System);
        listener.Start();
        return found;
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" => "counter",
        "Histogram" => "histogram",
        "ObservableGauge" => "gauge",
        var other => throw new InvalidOperationException($"{instrument.Name} is a {other}"),
    };

    /// <summary>The name that the exporter gives a metric: its unit and, of a counter, `total` behind it.</summary>
    private static string PrometheusName(Instrument instrument)
    {
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" when KindOf(instrument) == "gauge" => "_ratio",
            "{image}/s" => "_per_second",
            null => "",
            var other when other.StartsWith('{') => "",
            var other => throw new InvalidOperationException($"{instrument.Name} is in {other}"),
        };
        return $"{instrument.Name.Replace('.', '_')}{unit}{(KindOf(instrument) == "counter" ? "_total" : "")}";
    }

    private static string[] Series(Instrument instrument) => PrometheusName(instrument) is var name && KindOf(instrument) == "histogram"
        ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"] : [name];

    private static IEnumerable<string> Expressions(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member.Name is "expr" or "query" && member.Value.ValueKind == JsonValueKind.String ? [member.Value.GetString()!] : Expressions(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Expressions),
        _ => [],
    };

    [GeneratedRegex("atelier_[a-z_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertName();
}
